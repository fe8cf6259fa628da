// The shared page as a reader finds it, whatever its writer did to it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "input.h"
#include "wire/page.h"

namespace {

using namespace gpuprobe;

// Allocates exactly the size that the reader is told, so that one byte too many is detected.
void read_with_room(const wire::Page& page, std::size_t capacity) {
  void* out = malloc(capacity);
  wire::PageReading reading = {};
  if (wire::read_page(page, out, capacity, &reading)) {
    MUST(reading.size <= capacity && reading.size <= sizeof(probes::Snapshot));
    MUST(page.sequence.load() % 2 == 0);
  }
  free(out);
}

}  // namespace

// Input: the length of the file, the reader's room, then the page from its start.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Input input(bytes, size);
  const bool right_size = input.take<std::uint8_t>() != 1;
  const std::uint32_t room = input.take<std::uint32_t>();
  const int fd = memfd_create("page", MFD_CLOEXEC);
  const std::vector<std::uint8_t> content = input.take_rest();
  MUST(fd >= 0 && pwrite(fd, content.data(), content.size(), 0) >= 0);
  MUST(!right_size || ftruncate(fd, sizeof(wire::Page)) == 0);
  wire::Page* page = wire::map_page(fd, false);
  MUST(page == nullptr || right_size || content.size() == sizeof(wire::Page));
  if (page != nullptr) {
    read_with_room(*page, room % (sizeof(probes::Snapshot) + 1));
    read_with_room(*page, sizeof(probes::Snapshot));
    wire::unmap_page(page);
  }
  close(fd);
  return 0;
}
