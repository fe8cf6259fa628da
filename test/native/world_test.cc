// Worlds as their writers see them: created, read, changed, and refused.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>

#include "check.h"
#include "descriptors.h"
#include "sim/format/machine_file.h"

namespace {

using namespace gpuprobe::sim;

Text text_of(const std::string& text) { return {text.data(), text.size()}; }

int make(const std::string& text, const std::string& json) {
  const int fd = create_world(text_of(text), text_of(json), 1000, 0);
  CHECK(fd >= 0);
  return fd;
}

std::string json_of(int fd) {
  WorldReading reading;
  CHECK_EQ(0, read_world(fd, &reading));
  std::string json(reading.json_bytes, ' ');
  CHECK_EQ(0, read_world_json(fd, reading, &json[0]));
  return json;
}

std::uint32_t revision_now(int fd) {
  WorldReading reading;
  CHECK_EQ(0, read_world(fd, &reading));
  return reading.revision;
}

std::uint64_t elapsed(int fd) {
  WorldReading reading;
  CHECK_EQ(0, read_world(fd, &reading));
  return reading.elapsed_ms;
}

long long blocks(int fd) {
  struct stat status;
  CHECK_EQ(0, fstat(fd, &status));
  return status.st_blocks;
}

TEST("a writer is given what the last one left") {
  const int fd = make("a\n", "first");
  CHECK_EQ("first", json_of(fd));
  CHECK_EQ(1, revision_now(fd));
  CHECK_EQ(0, append_segment(fd, 1, text_of("b\n"), text_of("second")));
  CHECK_EQ("second", json_of(fd));
  CHECK_EQ(2, revision_now(fd));
  CHECK_EQ(-EAGAIN, append_segment(fd, 1, text_of("c\n"), text_of("third")));
  CHECK_EQ("second", json_of(fd));
  CHECK_EQ(0, append_segment(fd, 2, text_of(""), text_of("")));
  CHECK_EQ("", json_of(fd));
}

TEST("a reading that was replaced is not read") {
  const int fd = make("a\n", "first");
  WorldReading reading;
  char json[5];
  CHECK_EQ(0, read_world(fd, &reading));
  CHECK_EQ(0, append_segment(fd, 1, text_of("b\n"), text_of("other")));
  CHECK_EQ(-EAGAIN, read_world_json(fd, reading, json));
}

TEST("another process finds the world by its path") {
  const int fd = make("a\n", "first");
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), fd);
  gpuprobe::check::in_child([&] {
    close(fd);
    const int other = open(path, O_RDWR | O_CLOEXEC);
    CHECK_EQ(0, check_world(other));
    CHECK_EQ(0, append_segment(other, 1, text_of("b\n"), text_of("theirs")));
  });
  CHECK_EQ("theirs", json_of(fd));
}

TEST("of writers that come together one is first, and nothing is lost") {
  constexpr unsigned kWriters = 4;
  constexpr unsigned kChanges = 300;
  const int fd = make("a\n", "");
  for (unsigned writer = 0; writer < kWriters; ++writer) {
    if (fork() != 0) continue;
    for (unsigned i = 0; i < kChanges; ++i) {
      int result = -EAGAIN;
      while (result == -EAGAIN) {
        WorldReading reading;
        CHECK_EQ(0, read_world(fd, &reading));
        std::string json(reading.json_bytes, ' ');
        if (read_world_json(fd, reading, &json[0]) != 0) continue;
        json += static_cast<char>('a' + writer);
        result = append_segment(fd, reading.revision, text_of("x\n"), text_of(json));
      }
      CHECK_EQ(0, result);
    }
    _exit(0);
  }
  for (unsigned writer = 0; writer < kWriters; ++writer) {
    int status = -1;
    CHECK(wait(&status) > 0 && status == 0);
  }
  const std::string json = json_of(fd);
  CHECK_EQ(kWriters * kChanges, json.size());
  CHECK_EQ(kWriters * kChanges + 1, revision_now(fd));
  for (unsigned writer = 0; writer < kWriters; ++writer) {
    unsigned count = 0;
    for (const char byte : json) count += byte == static_cast<char>('a' + writer);
    CHECK_EQ(kChanges, count);
  }
}

TEST("a world does not grow with its changes") {
  const int fd = make("a\n", "");
  const long long before = blocks(fd);
  const unsigned descriptors = gpuprobe::check::descriptors_of("self");
  const std::string text(100000, 'x');
  for (unsigned i = 1; i <= 500; ++i) {
    CHECK_EQ(0, append_segment(fd, i, text_of(text), text_of("{}")));
    CHECK_EQ(-EAGAIN, append_segment(fd, i, text_of(text), text_of("{}")));
  }
  CHECK(blocks(fd) < before + 2 * static_cast<long long>(text.size()) / 512);
  CHECK_EQ(descriptors, gpuprobe::check::descriptors_of("self"));
}

TEST("nobody can cut a world off under those who have it mapped") {
  const int fd = make("a\n", "");
  CHECK_EQ(-1, ftruncate(fd, 0));
  CHECK_EQ(EPERM, errno);
}

TEST("scenario time runs at its speed from its start") {
  const int fd = create_world(text_of(""), text_of(""), 3600 * 1000, 500000);
  const std::uint64_t first = elapsed(fd);
  CHECK(first >= 500000);
  timespec pause = {0, 10000000};
  nanosleep(&pause, nullptr);
  CHECK(elapsed(fd) >= first + 36000);
  constexpr std::uint64_t kYear = 365ull * 86400 * 1000000000;
  const WorldClock clock = {1000, 7, 3600 * 1000};
  CHECK_EQ(7, scenario_ms(clock, 0));
  CHECK_EQ(7 + 3600, scenario_ms(clock, 1000 + 1000000));
  CHECK_EQ(7 + 365ull * 86400 * 3600 * 1000, scenario_ms(clock, 1000 + kYear));
}

TEST("what cannot be is refused") {
  CHECK_EQ(-EINVAL, create_world(text_of(""), text_of(""), 999, 0));
  CHECK_EQ(-EINVAL, create_world(text_of(""), text_of(""), kMaxSpeed + 1, 0));
  CHECK_EQ(-EINVAL, create_world(text_of(""), text_of(""), 1000, kMaxScenarioMs + 1));
  CHECK_EQ(-ENOSPC, create_world({"", kMaxSegmentBytes}, text_of(""), 1000, 0));
  CHECK_EQ(-ENOSPC, append_segment(make("", ""), 1, {"", kMaxSegmentBytes}, text_of("")));
  CHECK_EQ(-EBADF, check_world(-1));
  CHECK_EQ(-EINVAL, check_world(memfd_create("empty", 0)));
  int ends[2];
  CHECK_EQ(0, pipe(ends));
  CHECK_EQ(-EINVAL, check_world(ends[0]));
  const int zeros = memfd_create("zeros", 0);
  CHECK_EQ(0, ftruncate(zeros, kWorldSharedBytes + 4096));
  CHECK_EQ(-EINVAL, check_world(zeros));
}

// Each field of the header in turn gets a value that no writer leaves there.
TEST("a header that lies is refused") {
  const auto refused = [](auto spoil) {
    const int fd = make("a\n", "json");
    void* page = mmap(nullptr, kWorldPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(page != MAP_FAILED);
    spoil(static_cast<WorldHeader*>(page), fd);
    return check_world(fd) == -EINVAL && append_segment(fd, 1, {"", 0}, {"", 0}) != 0;
  };
  const auto segment_says = [](int fd, std::uint64_t text_bytes, std::uint64_t json_bytes) {
    const SegmentHeader segment = {kSegmentMagic, 1, text_bytes, json_bytes};
    CHECK(pwrite(fd, &segment, sizeof segment, kWorldSharedBytes) == sizeof segment);
  };
  CHECK(refused([](WorldHeader* header, int) { header->magic = 1; }));
  CHECK(refused([](WorldHeader* header, int) { ++header->version; }));
  CHECK(refused([](WorldHeader* header, int) { header->clock.speed = 0; }));
  CHECK(refused([](WorldHeader* header, int) { header->clock.start_ms = ~0ull; }));
  CHECK(refused([](WorldHeader* header, int) { header->current.store(1); }));
  CHECK(refused([](WorldHeader* header, int) { header->current.store(~0ull); }));
  CHECK(refused([](WorldHeader* header, int) { header->current.fetch_add(1); }));
  CHECK(refused([&](WorldHeader*, int fd) { segment_says(fd, ~0ull, 0); }));
  CHECK(refused([&](WorldHeader*, int fd) { segment_says(fd, 0, ~0ull); }));
  CHECK(refused([&](WorldHeader*, int fd) { segment_says(fd, 1 << 20, 0); }));
}

TEST("a header that leads writers astray leads them nowhere") {
  const std::uint64_t ends[] = {0, kWorldSharedBytes + 1, ~std::uint64_t{0}};
  for (const std::uint64_t end : ends) {
    const int fd = make("a\n", "json");
    void* page = mmap(nullptr, kWorldPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(page != MAP_FAILED);
    static_cast<WorldHeader*>(page)->end.store(end);
    CHECK_EQ(-ENOSPC, append_segment(fd, 1, text_of("b\n"), text_of("")));
    CHECK_EQ("json", json_of(fd));
  }
}

}  // namespace
