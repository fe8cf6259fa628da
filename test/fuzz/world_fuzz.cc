// A world written by somebody else: its header, its segment and the rest are arbitrary.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "input.h"
#include "machine_walk.h"
#include "sim/engine/revision.h"
#include "sim/format/machine_file.h"

namespace {

using namespace gpuprobe;

constexpr std::uint64_t kMostBytesRead = std::uint64_t{1} << 20;

void write_at(int fd, const std::vector<std::uint8_t>& bytes, std::uint64_t offset) {
  MUST(pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
       static_cast<ssize_t>(bytes.size()));
}

void read_as_writer(int fd) {
  sim::WorldReading reading;
  if (sim::read_world(fd, &reading) != 0) return;
  MUST(sim::check_world(fd) == 0);
  if (reading.json_bytes > kMostBytesRead) return;
  auto* json = static_cast<char*>(malloc(reading.json_bytes));
  sim::read_world_json(fd, reading, json);
  free(json);
  const std::uint32_t revision = reading.revision;
  if (sim::append_segment(fd, revision, {"x", 1}, {"{}", 2}) != 0) return;
  MUST(sim::read_world(fd, &reading) == 0);
  MUST(reading.revision == revision + 1 && reading.json_bytes == 2);
}

void read_as_simulator(int fd) {
  void* page = mmap(nullptr, sim::kWorldPageBytes, PROT_READ, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return;
  const auto* header = static_cast<const sim::WorldHeader*>(page);
  sim::Revision* revision = sim::load_revision(fd, header->current.load());
  if (revision != nullptr) {
    fuzz::walk(revision->scenario);
    sim::retire(revision);
  }
  munmap(page, sim::kWorldPageBytes);
}

}  // namespace

// Input: the header as a block, then the segment: header and texts together.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Input input(bytes, size);
  const int fd = memfd_create("world", MFD_CLOEXEC);
  MUST(fd >= 0);
  write_at(fd, input.take_block(), 0);
  const bool cut_off = input.take<std::uint8_t>() == 1;
  MUST(cut_off || ftruncate(fd, sim::kWorldSharedBytes) == 0);
  if (!cut_off) write_at(fd, input.take_rest(), sim::kWorldSharedBytes);
  // Rounded up to whole pages, as every writer leaves it.
  struct stat status = {};
  fstat(fd, &status);
  const auto page = static_cast<off_t>(sim::kWorldPageBytes);
  MUST(ftruncate(fd, (status.st_size + page - 1) / page * page) == 0);
  if (status.st_size > 0) read_as_simulator(fd);
  read_as_writer(fd);
  close(fd);
  return 0;
}
