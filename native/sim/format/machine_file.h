// A simulated machine as shared memory: a "world". It is a memfd that every process on the machine
// maps:
//   page 0               the header below
//   to kWorldSharedBytes what those processes count and hold together (sim/engine/runtime.h)
//   from there on        segments, each the complete scenario as its last writer left it
// A change is a new segment at the end, published by one compare-and-swap of `current`. The
// replaced segment is punched out of the file, so that a world holds one scenario however often it
// changes. A reader that finds zeros reads `current` again.
//
// A world may come from a path in the environment, and any process that has it may write to it. So
// nothing in it is used before it was checked, and checked values are kept as a copy.
#pragma once

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "driver/raw_stat.h"

namespace gpuprobe::sim {

constexpr std::size_t kWorldPageBytes = 4096;
constexpr std::size_t kWorldSharedBytes = std::size_t{1} << 20;
constexpr std::uint64_t kWorldMagic = 0x31646c726f777067;    // "gpworld1"
constexpr std::uint64_t kSegmentMagic = 0x31676573776f7067;  // "gpowseg1"
constexpr std::uint32_t kWorldVersion = 1;
constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{256} << 20;
// Limit of offsets; most of the file is holes.
constexpr std::uint64_t kMaxWorldBytes = std::uint64_t{1} << 40;
// Scenario milliseconds per second: from real time to one hour per second.
constexpr std::uint32_t kMinSpeed = 1000;
constexpr std::uint32_t kMaxSpeed = 3600 * 1000;
constexpr std::uint64_t kMaxScenarioMs = std::uint64_t{1} << 53;  // exact in JavaScript
constexpr std::uint64_t kNanosecondsPerSecond = 1000000000;

// The scenario time at `epoch_ns`, and how fast it passes.
struct WorldClock {
  std::uint64_t epoch_ns;  // CLOCK_BOOTTIME
  std::uint64_t start_ms;
  std::uint32_t speed;  // scenario milliseconds per second
};

struct WorldHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t reserved;
  WorldClock clock;
  std::atomic<std::uint64_t> current;     // page of the segment in force << 32 | its revision
  std::atomic<std::uint64_t> end;         // end of the room that writers have reserved, in bytes
  std::atomic<std::uint64_t> nvml_calls;  // of all processes; functions that entered the driver
  std::atomic<std::uint64_t> cuda_calls;
};
static_assert(sizeof(WorldHeader) <= kWorldPageBytes);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// Precedes a segment's two texts: the flat text, which the simulator reads, and the writer's own.
struct SegmentHeader {
  std::uint64_t magic;
  std::uint64_t revision;
  std::uint64_t text_bytes;
  std::uint64_t json_bytes;
};

// Returns its size in the file: whole pages, so that it can be punched out.
inline std::uint64_t segment_bytes(const SegmentHeader& segment) {
  const std::uint64_t bytes = sizeof segment + segment.text_bytes + segment.json_bytes;
  return (bytes + kWorldPageBytes - 1) / kWorldPageBytes * kWorldPageBytes;
}

inline std::uint32_t revision_of(std::uint64_t current) {
  return static_cast<std::uint32_t>(current);
}

inline std::uint64_t offset_of(std::uint64_t current) { return (current >> 32) * kWorldPageBytes; }

inline bool is_world_file(const struct stat& status) {
  return S_ISREG(status.st_mode) && status.st_size >= static_cast<off_t>(kWorldSharedBytes);
}

inline bool is_clock(const WorldClock& clock) {
  return clock.speed >= kMinSpeed && clock.speed <= kMaxSpeed && clock.start_ms <= kMaxScenarioMs;
}

inline bool is_header(const WorldHeader& header) {
  return header.magic == kWorldMagic && header.version == kWorldVersion && is_clock(header.clock);
}

inline std::uint64_t boottime_ns() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNanosecondsPerSecond +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// Computes seconds and remainder separately: the product of a lifetime and a speed does not fit in
// 64 bits.
inline std::uint64_t scenario_ms(const WorldClock& clock, std::uint64_t now_ns) {
  const std::uint64_t elapsed = now_ns > clock.epoch_ns ? now_ns - clock.epoch_ns : 0;
  return clock.start_ms + elapsed / kNanosecondsPerSecond * clock.speed +
         elapsed % kNanosecondsPerSecond * clock.speed / kNanosecondsPerSecond;
}

// Reads the header of the segment that `current` names. Returns false if it is not there (any
// longer).
inline bool read_segment_header(int fd, std::uint64_t current, SegmentHeader* segment) {
  const std::uint64_t offset = offset_of(current);
  struct stat status = {};
  if (offset < kWorldSharedBytes || offset > kMaxWorldBytes ||
      driver::raw_fstat(fd, &status) != 0) {
    return false;
  }
  const ssize_t got = pread(fd, segment, sizeof *segment, static_cast<off_t>(offset));
  return got == static_cast<ssize_t>(sizeof *segment) && segment->magic == kSegmentMagic &&
         segment->revision == revision_of(current) && segment->text_bytes <= kMaxSegmentBytes &&
         segment->json_bytes <= kMaxSegmentBytes &&
         offset + segment_bytes(*segment) <= static_cast<std::uint64_t>(status.st_size);
}

inline bool read_exactly(int fd, void* out, std::uint64_t bytes, std::uint64_t offset) {
  char* to = static_cast<char*>(out);
  while (bytes > 0) {
    const ssize_t got = pread(fd, to, bytes, static_cast<off_t>(offset));
    if (got <= 0) return false;
    to += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::uint64_t>(got);
  }
  return true;
}

struct Text {
  const char* bytes;
  std::size_t length;
};

// Creates a world at revision 1. Returns a descriptor, or a negative errno.
int create_world(Text text, Text json, std::uint32_t speed, std::uint64_t start_ms);

// Returns 0, or -EINVAL if the descriptor is not a world.
int check_world(int fd);

struct WorldReading {
  std::uint32_t revision;
  std::uint64_t elapsed_ms;  // scenario time
  std::uint64_t nvml_calls;
  std::uint64_t cuda_calls;
  std::uint64_t json_offset;
  std::uint64_t json_bytes;
};

// Reads the current state of the world. Returns 0 or a negative errno.
int read_world(int fd, WorldReading* out);

// Reads the writer's own text of that reading, into `json_bytes` bytes. Returns -EAGAIN if it was
// replaced meanwhile; read the world again.
int read_world_json(int fd, const WorldReading& reading, char* out);

// Replaces the scenario. Returns 0; -EAGAIN if `revision` is no longer the world's because another
// writer was first; -ENOSPC if too long; or another negative errno.
int append_segment(int fd, std::uint32_t revision, Text text, Text json);

}  // namespace gpuprobe::sim
