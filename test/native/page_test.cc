// The shared page: a reader gets another process's last snapshot whole or not at all.
#include "wire/page.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

namespace {

using namespace gpuprobe::probes;
using namespace gpuprobe::wire;

Snapshot written;
alignas(8) unsigned char block[sizeof(Snapshot)];
PageReading reading;

const SnapshotHeader& header() { return *reinterpret_cast<const SnapshotHeader*>(block); }

template <typename T>
const T& record(std::uint32_t offset, std::uint32_t index) {
  return *reinterpret_cast<const T*>(block + offset + index * sizeof(T));
}

bool read(const Page& page) { return read_page(page, block, sizeof block, &reading); }

// Everything in this snapshot, including its size, follows from one number.
void fill(std::uint32_t number) {
  SnapshotHeader& top = written.header;
  top.version = kSnapshotVersion;
  top.device_count = 8 + number % 8;
  top.session_count = number % 16;
  top.process_count = 64 + number % 64;
  top.cuda_version = static_cast<std::int32_t>(number);
  top.strings_hash = number;
  for (std::uint32_t i = 0; i < top.device_count; ++i) {
    DeviceRecord& device = written.devices[i];
    for (double& value : device.values) value = number;
    for (std::int32_t& code : device.codes) code = static_cast<std::int32_t>(number);
    device.index = number + i;
    memset(device.name, static_cast<int>('a' + number % 26), sizeof device.name - 1);
  }
  for (std::uint32_t i = 0; i < top.session_count; ++i) written.sessions[i].pid = number + i;
  for (std::uint32_t i = 0; i < top.process_count; ++i) {
    written.processes[i].used_bytes = number;
    written.processes[i].pid = number + i;
  }
}

// Fails unless the block is a snapshot from `fill`.
void check_filled() {
  const std::uint32_t number = header().strings_hash;
  CHECK_EQ(number, static_cast<std::uint32_t>(header().cuda_version));
  CHECK_EQ(8 + number % 8, header().device_count);
  CHECK_EQ(number % 16, header().session_count);
  CHECK_EQ(64 + number % 64, header().process_count);
  CHECK_EQ(header().size, reading.size);
  CHECK_EQ(header().processes_offset + header().process_count * sizeof(ProcessRecord),
           reading.size);
  for (std::uint32_t i = 0; i < header().device_count; ++i) {
    const auto& device = record<DeviceRecord>(header().devices_offset, i);
    for (const double value : device.values) CHECK_EQ(static_cast<double>(number), value);
    for (const std::int32_t code : device.codes) CHECK_EQ(static_cast<std::int32_t>(number), code);
    CHECK_EQ(number + i, device.index);
    CHECK_EQ(static_cast<char>('a' + number % 26), device.name[sizeof device.name - 2]);
  }
  for (std::uint32_t i = 0; i < header().session_count; ++i) {
    CHECK_EQ(number + i, record<EncoderSessionRecord>(header().sessions_offset, i).pid);
  }
  for (std::uint32_t i = 0; i < header().process_count; ++i) {
    const auto& process = record<ProcessRecord>(header().processes_offset, i);
    CHECK_EQ(number + i, process.pid);
    CHECK_EQ(static_cast<double>(number), process.used_bytes);
  }
}

[[noreturn]] void publish_for_ever(Page* page) {
  for (std::uint32_t number = 1;; ++number) {
    fill(number);
    publish(page, written);
  }
}

struct SharedPage {
  int descriptor = -1;
  Page* page = create_page(&descriptor);
  SharedPage() { CHECK(page != nullptr && descriptor >= 0); }
};

TEST("nothing is read before anything is published") {
  const SharedPage shared;
  CHECK(!read(*shared.page));
  CHECK_EQ(0u, shared.page->where.since_ns.load());
}

TEST("a snapshot is read as it was written") {
  const SharedPage shared;
  Page* mapped = map_page(shared.descriptor, false);
  CHECK(mapped != nullptr);
  const std::uint64_t started_ns = monotonic_ns();
  for (const std::uint32_t number : {7u, 1000u, 31u}) {
    fill(number);
    publish(shared.page, written);
    CHECK(read(*mapped));
    CHECK_EQ(number, header().strings_hash);
    CHECK_EQ(208u, header().devices_offset);
    CHECK_EQ(208u + header().device_count * 760u, header().sessions_offset);
    CHECK_EQ(header().sessions_offset + header().session_count * 32u, header().processes_offset);
    check_filled();
  }
  CHECK_EQ(3u, reading.generation);
  CHECK(reading.published_ns >= started_ns && reading.published_ns <= monotonic_ns());
  unmap_page(mapped);
}

TEST("the largest and the smallest snapshot fit") {
  const SharedPage shared;
  written.header.device_count = kMaxDevices;
  written.header.session_count = kMaxEncoderSessions;
  written.header.process_count = kMaxProcesses;
  written.processes[kMaxProcesses - 1].pid = 4242;
  publish(shared.page, written);
  CHECK(read(*shared.page));
  CHECK_EQ(208u + 64u * 760u + 2048u * 32u + 16384u * 96u, reading.size);
  CHECK_EQ(4242u, record<ProcessRecord>(header().processes_offset, kMaxProcesses - 1).pid);
  written.header = {};
  publish(shared.page, written);
  CHECK(read(*shared.page));
  CHECK_EQ(208u, reading.size);
}

TEST("a reader without room, and a size that cannot be, are refused") {
  const SharedPage shared;
  fill(9);
  publish(shared.page, written);
  CHECK(read(*shared.page));
  CHECK(read_page(*shared.page, block, reading.size, &reading));
  CHECK(!read_page(*shared.page, block, reading.size - 1, &reading));
  // A driver may have corrupted the writing process.
  shared.page->size.store(0xFFFFFFFFu);
  CHECK(!read_page(*shared.page, block, SIZE_MAX, &reading));
}

TEST("no snapshot is torn by a writer at full speed") {
  const SharedPage shared;
  const pid_t writer = fork();
  if (writer == 0) publish_for_ever(shared.page);
  Page* mapped = map_page(shared.descriptor, false);
  CHECK(mapped != nullptr);
  const std::uint64_t end_ns = monotonic_ns() + 200'000'000;
  unsigned whole = 0;
  std::uint64_t newest = 0;
  while (monotonic_ns() < end_ns || whole < 100) {
    if (!read(*mapped)) continue;
    ++whole;
    check_filled();
    CHECK(reading.generation >= newest);
    newest = reading.generation;
  }
  CHECK(newest > 1);
  CHECK_EQ(0, kill(writer, SIGKILL));
  CHECK_EQ(writer, waitpid(writer, nullptr, 0));
}

// A telemetry child may be killed at any instruction. The reader then gets "nothing new" after a
// bounded number of attempts, and the next child's page works.
TEST("a writer killed in the middle leaves no snapshot") {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const SharedPage shared;
    const pid_t writer = fork();
    if (writer == 0) publish_for_ever(shared.page);
    while (shared.page->generation.load() < 3) {
    }
    CHECK_EQ(0, kill(writer, SIGKILL));
    CHECK_EQ(writer, waitpid(writer, nullptr, 0));
    const bool in_the_middle = shared.page->sequence.load() % 2 == 1;
    CHECK_EQ(!in_the_middle, read(*shared.page));
    if (in_the_middle) return;
    check_filled();
    unmap_page(shared.page);
    close(shared.descriptor);
  }
  CHECK(!"no writer was ever killed in the middle");
}

TEST("only a page is mapped as one") {
  const SharedPage shared;
  CHECK(map_page(shared.descriptor, true) != nullptr);
  const int other = memfd_create("other", MFD_CLOEXEC);
  CHECK(map_page(other, false) == nullptr);
  CHECK_EQ(0, ftruncate(other, sizeof(Page) - 1));
  CHECK(map_page(other, false) == nullptr);
  CHECK_EQ(0, ftruncate(other, sizeof(Page)));
  CHECK(map_page(other, false) == nullptr);  // right in size, but no magic
  CHECK_EQ(8, pwrite(other, shared.page, 8, 0));
  CHECK(map_page(other, false) != nullptr);
  const std::uint32_t version = shared.page->version + 1;
  CHECK_EQ(4, pwrite(other, &version, 4, offsetof(Page, version)));
  CHECK(map_page(other, false) == nullptr);
  CHECK(map_page(-1, false) == nullptr);
  int ends[2];
  CHECK_EQ(0, pipe(ends));
  CHECK(map_page(ends[0], false) == nullptr);
}

// A reader must not get SIGBUS because a driver corrupted the writer.
TEST("nobody can resize a page") {
  const SharedPage shared;
  for (const off_t size : {off_t{0}, off_t{4096}, static_cast<off_t>(sizeof(Page) + 1)}) {
    CHECK_EQ(-1, ftruncate(shared.descriptor, size));
    CHECK_EQ(EPERM, errno);
  }
  CHECK_EQ(-1, fcntl(shared.descriptor, F_ADD_SEALS, F_SEAL_WRITE));
  CHECK_EQ(EPERM, errno);
  CHECK_EQ(FD_CLOEXEC, fcntl(shared.descriptor, F_GETFD));
}

}  // namespace
