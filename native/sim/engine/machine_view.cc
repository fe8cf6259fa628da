#include "sim/engine/machine_view.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "driver/raw_stat.h"
#include "driver/simulator.h"
#include "sim/engine/revision.h"

namespace gpuprobe::sim {
namespace {

// A revision that a fast writer keeps replacing is left for the next call.
constexpr unsigned kLoadTries = 100;
constexpr int kFirstDescriptor = 3;  // 0 to 2 are standard input, output and error, even if closed

// The world that this process is attached to; written once under the mutex, before `attached`.
struct Place {
  WorldHeader* header;
  Runtime* runtime;
  WorldClock clock;
  int fd;
  dev_t device;
  ino_t inode;
};

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
Place place;
std::atomic<bool> attached;
std::atomic<bool> environment_read;
std::atomic<Revision*> in_force;
std::atomic<std::uint64_t> seen;  // last `current` that was read; it is in force unless malformed

// A program may have closed descriptors that it does not know, and opened others with the same
// number.
bool still_open() {
  struct stat status = {};
  return driver::raw_fstat(place.fd, &status) == 0 && status.st_dev == place.device &&
         status.st_ino == place.inode;
}

// The number of devices must not change: programs keep devices by index.
bool may_replace(const Revision& before, const Revision& after) {
  return before.scenario.states[0].machine.device_count ==
         after.scenario.states[0].machine.device_count;
}

// A malformed segment leaves the machine unchanged. So does one that is no longer in the file; then
// every call looks again in vain.
void look_again() {
  pthread_mutex_lock(&mutex);
  for (unsigned i = 0; i < kLoadTries && still_open(); ++i) {
    const std::uint64_t current = place.header->current.load(std::memory_order_acquire);
    if (current == seen.load(std::memory_order_relaxed)) break;
    Revision* revision = load_revision(place.fd, current);
    if (revision == nullptr && place.header->current.load() != current) continue;
    Revision* before = in_force.load(std::memory_order_relaxed);
    if (revision != nullptr && !may_replace(*before, *revision)) {
      retire(revision);
      revision = nullptr;
    }
    if (revision != nullptr) {
      in_force.store(revision);
      retire(before);
    }
    seen.store(current, std::memory_order_release);
  }
  pthread_mutex_unlock(&mutex);
}

int load_first(Place* at) {
  for (unsigned i = 0; i < kLoadTries; ++i) {
    const std::uint64_t current = at->header->current.load(std::memory_order_acquire);
    Revision* revision = load_revision(at->fd, current);
    if (revision == nullptr && at->header->current.load() != current) continue;
    if (revision == nullptr) return EINVAL;
    place = *at;
    in_force.store(revision);
    seen.store(current, std::memory_order_release);
    attached.store(true, std::memory_order_release);
    return 0;
  }
  return EAGAIN;
}

// Takes ownership of the descriptor.
int attach_own(int fd, const struct stat& status) {
  void* memory = mmap(nullptr, kWorldSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return errno;
  auto* header = static_cast<WorldHeader*>(memory);
  Place at = {
      header,        reinterpret_cast<Runtime*>(static_cast<char*>(memory) + kWorldPageBytes),
      header->clock, fd,
      status.st_dev, status.st_ino};
  const bool sound = is_header(*header) && is_clock(at.clock);
  const int error = sound ? load_first(&at) : EINVAL;
  if (error != 0) munmap(memory, kWorldSharedBytes);
  return error;
}

int attach_locked(int fd) {
  struct stat status = {};
  if (driver::raw_fstat(fd, &status) != 0) return errno;
  if (attached.load(std::memory_order_relaxed)) {
    return status.st_dev == place.device && status.st_ino == place.inode ? 0 : EBUSY;
  }
  if (!is_world_file(status)) return EINVAL;
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, kFirstDescriptor);
  if (own < 0) return errno;
  const int error = attach_own(own, status);
  if (error != 0) close(own);
  return error;
}

// Once only: a program that was started without the simulated machine is not attached to it later.
void attach_from_environment() {
  if (environment_read.load(std::memory_order_acquire)) return;
  pthread_mutex_lock(&mutex);
  const char* path = getenv(driver::kWorldVariable);
  if (path != nullptr && !environment_read.load() && !attached.load()) {
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
      attach_locked(fd);
      close(fd);
    }
  }
  environment_read.store(true, std::memory_order_release);
  pthread_mutex_unlock(&mutex);
}

// Between the two loads of `in_force` the revision may be replaced, freed and even reused: the pin
// is valid only if the revision is still in force after it was pinned. Both orders are sequentially
// consistent; otherwise this thread and the freeing thread could each miss the other's write.
Revision* pin() {
  for (;;) {
    Revision* revision = in_force.load();
    revision->pins.fetch_add(1);
    if (in_force.load() == revision) return revision;
    revision->pins.fetch_sub(1);
  }
}

}  // namespace

int attach_world(int fd) {
  pthread_mutex_lock(&mutex);
  const int error = attach_locked(fd);
  pthread_mutex_unlock(&mutex);
  return error;
}

bool MachineView::enter() {
  if (!attached.load(std::memory_order_acquire)) {
    attach_from_environment();
    if (!attached.load(std::memory_order_acquire)) return false;
  }
  if (place.header->current.load(std::memory_order_acquire) !=
      seen.load(std::memory_order_acquire)) {
    look_again();
  }
  leave();
  revision_ = pin();
  now_ms_ = kNull64;
  const Scenario& all = revision_->scenario;
  machine = all.state_count == 1 ? &all.states[0].machine : &machine_at(all, now_ms());
  runtime = place.runtime;
  return true;
}

void MachineView::leave() {
  if (revision_ != nullptr) revision_->pins.fetch_sub(1);
  revision_ = nullptr;
}

std::uint64_t MachineView::now_ms() const {
  if (now_ms_ == kNull64) now_ms_ = scenario_ms(place.clock, boottime_ns());
  return now_ms_;
}

void MachineView::count_call(Function function) const {
  const bool cuda = static_cast<std::uint32_t>(function) >= kFirstCudaFunction;
  WorldHeader& header = *place.header;
  (cuda ? header.cuda_calls : header.nvml_calls).fetch_add(1, std::memory_order_relaxed);
}

const Scenario& MachineView::scenario() const { return revision_->scenario; }

bool MachineView::is_latest() const {
  return in_force.load(std::memory_order_acquire) == revision_ &&
         place.header->current.load(std::memory_order_acquire) ==
             seen.load(std::memory_order_acquire);
}

}  // namespace gpuprobe::sim
