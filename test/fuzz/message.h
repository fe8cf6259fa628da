// One message as the fuzzer chooses it: raw bytes, or a valid header before them, and optionally a
// descriptor.
#pragma once

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "input.h"
#include "wire/frame.h"
#include "wire/page.h"

namespace gpuprobe::fuzz {

// Returns the lowest free descriptor: those above belong to the run that opened them.
inline int first_free_descriptor() {
  const int next = dup(STDERR_FILENO);
  MUST(next >= 0);
  close(next);
  return next;
}

// Returns a page of the right size with the fuzzer's content.
inline int page_of(const std::vector<std::uint8_t>& content) {
  const int fd = memfd_create("page", MFD_CLOEXEC);
  MUST(fd >= 0 && pwrite(fd, content.data(), content.size(), 0) >= 0);
  MUST(content.size() > sizeof(wire::Page) || ftruncate(fd, sizeof(wire::Page)) == 0);
  return fd;
}

struct Message {
  std::uint8_t flags;  // 1: no header, 2: with a descriptor, 4: the descriptor is a page
  std::uint16_t type;
  std::uint32_t request;
  std::vector<std::uint8_t> page;
  std::vector<std::uint8_t> payload;
};

inline Message take_message(Input* input) {
  Message message = {};
  message.flags = input->take<std::uint8_t>();
  message.type = input->take<std::uint8_t>();
  message.request = input->take<std::uint8_t>();
  if ((message.flags & 4) != 0) message.page = input->take_block();
  message.payload = input->take_block();
  return message;
}

// Returns false if the message is too long for the socket, or the other end has closed it.
inline bool send_message(int socket, const Message& message) {
  // An empty message looks the same as a closed socket.
  if ((message.flags & 1) != 0 && message.payload.empty()) return false;
  const bool passes = (message.flags & 2) != 0;
  const int pass = !passes                    ? -1
                   : (message.flags & 4) != 0 ? page_of(message.page)
                                              : dup(STDERR_FILENO);
  const std::vector<std::uint8_t>& bytes = message.payload;
  const bool sent =
      (message.flags & 1) != 0
          ? send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0
          : wire::send_frame(socket, static_cast<wire::FrameType>(message.type), message.request,
                             bytes.data(), bytes.size(), pass, MSG_DONTWAIT) == 0;
  if (pass >= 0) close(pass);
  return sent;
}

}  // namespace gpuprobe::fuzz
