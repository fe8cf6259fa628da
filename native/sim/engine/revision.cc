#include "sim/engine/revision.h"

#include "sim/engine/parse.h"
#include "sim/format/machine_file.h"

namespace gpuprobe::sim {
namespace {

Arena headers;  // never freed
Revision* unused;
Revision* retired;

Revision* take_header() {
  if (unused == nullptr) return headers.take_array<Revision>(1);
  Revision* revision = unused;
  unused = revision->next;
  return revision;
}

// The text is read into this process's memory: the parser terminates its strings in place, and no
// later write to the world can change a machine under its readers.
bool fill(Revision* revision, int fd, std::uint64_t current) {
  SegmentHeader segment;
  if (!read_segment_header(fd, current, &segment)) return false;
  const std::uint64_t offset = offset_of(current) + sizeof segment;
  char* text = revision->arena.take_array<char>(segment.text_bytes);
  return text != nullptr && read_exactly(fd, text, segment.text_bytes, offset) &&
         parse_scenario(text, segment.text_bytes, &revision->arena, &revision->scenario);
}

}  // namespace

Revision* load_revision(int fd, std::uint64_t current) {
  Revision* revision = take_header();
  if (revision == nullptr || fill(revision, fd, current)) return revision;
  retire(revision);
  return nullptr;
}

void retire(Revision* revision) {
  revision->next = retired;
  retired = revision;
  for (Revision** link = &retired; *link != nullptr;) {
    Revision* candidate = *link;
    // mutation: revision-pin
    if (candidate->pins.load() != 0) {
      link = &candidate->next;
      continue;
    }
    *link = candidate->next;
    candidate->arena.free_all();
    candidate->next = unused;
    unused = candidate;
  }
}

}  // namespace gpuprobe::sim
