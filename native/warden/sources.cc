#include "warden/sources.h"

#include <string.h>

namespace gpuprobe::warden {
namespace {

// Splits "A=1\0B=2\0" into pointers. Returns false if a string does not end inside the block.
bool split_environment(char* text, std::size_t size, char** out) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < size;) {
    const std::size_t length = strnlen(text + at, size - at);
    if (length == size - at || count == kMaxEnvironment) return false;
    out[count++] = text + at;
    at += length + 1;
  }
  out[count] = nullptr;
  return true;
}

}  // namespace

bool Sources::add(const wire::Frame& frame, int world_fd) {
  wire::SourceHeader header;
  if (frame.header.size < sizeof header) return false;
  memcpy(&header, frame.payload, sizeof header);
  const std::size_t text_size = frame.header.size - sizeof header;
  if (header.source >= wire::kMaxSources || sources_[header.source].known) return false;
  if (header.directories_size == 0 || header.directories_size > text_size ||
      header.environment_size != text_size - header.directories_size) {
    return false;
  }
  if ((header.simulated != 0) != (world_fd >= 0)) return false;
  RegisteredSource& source = sources_[header.source];
  memcpy(source.text, frame.payload + sizeof header, text_size);
  source.known = source.text[header.directories_size - 1] == '\0' &&
                 split_environment(source.text + header.directories_size, header.environment_size,
                                   source.environment);
  source.world_fd = world_fd;
  source.directories = source.text;
  return source.known;
}

const RegisteredSource* Sources::find(std::uint32_t id) const {
  return id < wire::kMaxSources && sources_[id].known ? &sources_[id] : nullptr;
}

}  // namespace gpuprobe::warden
