#include "sim/format/machine_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

namespace gpuprobe::sim {
namespace {

// The header page, mapped and checked. If `header` is null, `error` tells why.
struct MappedHeader {
  explicit MappedHeader(int fd) {
    struct stat status = {};
    if (driver::raw_fstat(fd, &status) != 0) {
      error = -errno;
      return;
    }
    if (!is_world_file(status)) return;
    void* page = mmap(nullptr, kWorldPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
      error = -errno;
    } else if (is_header(*static_cast<WorldHeader*>(page))) {
      header = static_cast<WorldHeader*>(page);
    } else {
      munmap(page, kWorldPageBytes);
    }
  }
  ~MappedHeader() {
    if (header != nullptr) munmap(header, kWorldPageBytes);
  }
  MappedHeader(const MappedHeader&) = delete;
  MappedHeader& operator=(const MappedHeader&) = delete;

  WorldHeader* header = nullptr;
  int error = -EINVAL;
};

SegmentHeader segment_of(std::uint32_t revision, Text text, Text json) {
  return {kSegmentMagic, revision, text.length, json.length};
}

bool fits(Text text, Text json) {
  return text.length <= kMaxSegmentBytes && json.length <= kMaxSegmentBytes &&
         segment_bytes(segment_of(0, text, json)) <= kMaxSegmentBytes;
}

bool write_exactly(int fd, const void* bytes, std::size_t length, std::uint64_t offset) {
  const char* from = static_cast<const char*>(bytes);
  while (length > 0) {
    const ssize_t written = pwrite(fd, from, length, static_cast<off_t>(offset));
    if (written <= 0) return false;
    from += written;
    offset += static_cast<std::uint64_t>(written);
    length -= static_cast<std::size_t>(written);
  }
  return true;
}

// Allocates the memory first: a write into a full tmpfs would stop half-way.
int write_segment(int fd, std::uint64_t offset, const SegmentHeader& segment, Text text,
                  Text json) {
  const auto length = static_cast<off_t>(segment_bytes(segment));
  if (fallocate(fd, 0, static_cast<off_t>(offset), length) != 0) return -errno;
  const std::uint64_t text_offset = offset + sizeof segment;
  const bool written = write_exactly(fd, &segment, sizeof segment, offset) &&
                       write_exactly(fd, text.bytes, text.length, text_offset) &&
                       write_exactly(fd, json.bytes, json.length, text_offset + text.length);
  return written ? 0 : -EIO;
}

void give_room_back(int fd, std::uint64_t offset, std::uint64_t bytes) {
  fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
            static_cast<off_t>(bytes));
}

// Reserves room at the end, also if other writers do so at the same time. Returns 0 if none is
// left.
std::uint64_t take_room(WorldHeader* header, std::uint64_t bytes) {
  std::uint64_t end = header->end.load();
  for (;;) {
    const bool sound = end >= kWorldSharedBytes && end % kWorldPageBytes == 0;
    if (!sound || end > kMaxWorldBytes - bytes) return 0;
    if (header->end.compare_exchange_weak(end, end + bytes)) return end;
  }
}

std::uint64_t current_word(std::uint64_t offset, std::uint32_t revision) {
  return offset / kWorldPageBytes << 32 | revision;
}

int fill_world(int fd, Text text, Text json, const WorldClock& clock) {
  if (ftruncate(fd, kWorldSharedBytes) != 0) return -errno;
  const SegmentHeader segment = segment_of(1, text, json);
  const int error = write_segment(fd, kWorldSharedBytes, segment, text, json);
  if (error != 0) return error;
  void* page = mmap(nullptr, kWorldPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return -errno;
  WorldHeader* header = static_cast<WorldHeader*>(page);
  header->version = kWorldVersion;
  header->clock = clock;
  header->end.store(kWorldSharedBytes + segment_bytes(segment));
  header->current.store(current_word(kWorldSharedBytes, 1));
  header->magic = kWorldMagic;
  munmap(page, kWorldPageBytes);
  // A process that maps the shared part must not find it truncated.
  return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0 ? 0 : -errno;
}

}  // namespace

int create_world(Text text, Text json, std::uint32_t speed, std::uint64_t start_ms) {
  const WorldClock clock = {boottime_ns(), start_ms, speed};
  if (!is_clock(clock)) return -EINVAL;
  if (!fits(text, json)) return -ENOSPC;
  const int fd = memfd_create("gpuprobe-world", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -errno;
  const int error = fill_world(fd, text, json, clock);
  if (error == 0) return fd;
  close(fd);
  return error;
}

int check_world(int fd) {
  WorldReading unused;
  return read_world(fd, &unused);
}

int read_world(int fd, WorldReading* out) {
  const MappedHeader mapped(fd);
  if (mapped.header == nullptr) return mapped.error;
  const WorldClock clock = mapped.header->clock;
  for (std::uint64_t current = mapped.header->current.load();;) {
    SegmentHeader segment;
    if (read_segment_header(fd, current, &segment)) {
      *out = {revision_of(current),
              scenario_ms(clock, boottime_ns()),
              mapped.header->nvml_calls.load(),
              mapped.header->cuda_calls.load(),
              offset_of(current) + sizeof segment + segment.text_bytes,
              segment.json_bytes};
      return 0;
    }
    const std::uint64_t again = mapped.header->current.load();
    if (again == current) return -EINVAL;
    current = again;
  }
}

int read_world_json(int fd, const WorldReading& reading, char* out) {
  const MappedHeader mapped(fd);
  if (mapped.header == nullptr) return mapped.error;
  if (!read_exactly(fd, out, reading.json_bytes, reading.json_offset)) return -EIO;
  const bool in_force = revision_of(mapped.header->current.load()) == reading.revision;
  return in_force ? 0 : -EAGAIN;
}

int append_segment(int fd, std::uint32_t revision, Text text, Text json) {
  const MappedHeader mapped(fd);
  if (mapped.header == nullptr) return mapped.error;
  if (!fits(text, json) || revision == UINT32_MAX) return -ENOSPC;
  const std::uint64_t current = mapped.header->current.load();
  if (revision_of(current) != revision) return -EAGAIN;
  SegmentHeader replaced;
  if (!read_segment_header(fd, current, &replaced)) {
    return mapped.header->current.load() == current ? -EINVAL : -EAGAIN;
  }
  const SegmentHeader segment = segment_of(revision + 1, text, json);
  const std::uint64_t offset = take_room(mapped.header, segment_bytes(segment));
  if (offset == 0) return -ENOSPC;
  int error = write_segment(fd, offset, segment, text, json);
  std::uint64_t expected = current;
  const std::uint64_t next = current_word(offset, revision + 1);
  if (error == 0 && !mapped.header->current.compare_exchange_strong(expected, next)) {
    error = -EAGAIN;
  }
  if (error != 0) {
    give_room_back(fd, offset, segment_bytes(segment));
  } else if (offset_of(current) + segment_bytes(replaced) <= offset) {
    give_room_back(fd, offset_of(current), segment_bytes(replaced));
  }
  return error;
}

}  // namespace gpuprobe::sim
