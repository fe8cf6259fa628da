#include "sim/engine/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "sim/engine/random.h"

namespace gpuprobe::sim {
namespace {

void sleep_ms(std::uint64_t milliseconds) {
  timespec left = {static_cast<time_t>(milliseconds / 1000),
                   static_cast<long>(milliseconds % 1000) * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

[[noreturn]] void spin(DriverLock* lock) {
  pthread_mutex_lock(&lock->mutex);
  lock->held_for_good.store(true, std::memory_order_release);
  while (lock->held_for_good.load(std::memory_order_relaxed)) {
  }
  wait_for_good(lock);
}

// Crashes as a bad pointer does: a process may handle a real fault differently from a signal sent
// to it.
[[noreturn]] void touch_forbidden_memory() {
  void* memory = mmap(nullptr, sizeof(int), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *static_cast<volatile int*>(memory) = 0;
  abort();
}

// Returns which call of the function this is, on the machine, since the fault last changed. The
// word is the fault's generation << 32 | calls. Returns 0 if a newer fault already has this place,
// which this call is too old to know; it must not reset the newer fault's count.
std::uint32_t count_call(const MachineView& world, std::uint32_t place, std::uint32_t generation) {
  std::atomic<std::uint64_t>& word = world.runtime->fault_calls[place];
  std::uint64_t before = word.load(std::memory_order_relaxed);
  for (;;) {
    const bool known = before >> 32 == generation;
    if (!known && !world.is_latest()) return 0;
    const std::uint32_t calls = known ? static_cast<std::uint32_t>(before) : 0;
    if (calls == kNull32) return calls;
    const std::uint64_t after = std::uint64_t{generation} << 32 | (calls + 1);
    if (word.compare_exchange_weak(before, after, std::memory_order_relaxed)) return calls + 1;
  }
}

bool depends_on_calls(const Fault& fault) {
  return fault.from_call > 1 || fault.calls != kNull64 || fault.probability_ppm < 1000000;
}

// Each fault counts each call, whatever the other faults do to it, and also outside its time range.
bool strikes(std::uint32_t place, const Call& call, std::uint64_t* random) {
  const MachineView& world = *call.world;
  const Fault& fault = world.machine->faults[place];
  if (fault.device != kNull32 && fault.device != call.index) return false;
  std::uint64_t number = 0;
  if (depends_on_calls(fault) || fault.effect >= Effect::garbage) {
    number = count_call(world, place, fault.generation);
    if (number < fault.from_call || number - fault.from_call >= fault.calls) return false;
  }
  *random = mix(fault.seed + number * kGoldenRatio);
  if (*random % 1000000 >= fault.probability_ppm) return false;
  if (fault.from_ms == 0 && fault.to_ms == kNull64) return true;
  return world.now_ms() >= fault.from_ms && world.now_ms() < fault.to_ms;
}

int inject_one_fault(const Fault& fault, std::uint64_t random, const Call& call, DriverLock* lock) {
  switch (fault.effect) {
    case Effect::none:
      break;
    case Effect::give_back:
      return fault.code;
    case Effect::hang:
      hang(lock);
    case Effect::busy_loop:
      spin(lock);
    case Effect::segv:
      touch_forbidden_memory();
    case Effect::abort:
      abort();
    case Effect::exit:
      exit(fault.code);
    case Effect::garbage:
    case Effect::unterminated:
    case Effect::absurd_count:
      call.corruption = {fault.effect, random};
  }
  return 0;
}

}  // namespace

// Zero is an unlocked mutex of the default kind, which does not detect relocking by its owner.
DriverLock library_lock;
DriverLock device_locks[kMaxDevices];
DriverLock other_lock;

void wait_for_good(DriverLock* lock) {
  for (;;) pthread_mutex_lock(&lock->mutex);
}

// Locking again on the same thread is the deadlock.
void hang(DriverLock* lock) {
  pthread_mutex_lock(&lock->mutex);
  lock->held_for_good.store(true, std::memory_order_release);
  wait_for_good(lock);
}

// Sums the delays of all faults that strike, then applies the first one that does more than delay.
int inject_listed_fault(std::uint32_t first, const Call& call, DriverLock* lock) {
  const Fault* faults = call.world->machine->faults;
  const Fault* worst = nullptr;
  std::uint64_t worst_random = 0;
  std::uint64_t delay_ms = 0;
  for (std::uint32_t i = first; i != 0; i = faults[i - 1].next) {
    std::uint64_t random = 0;
    if (!strikes(i - 1, call, &random) || worst != nullptr) continue;
    delay_ms += faults[i - 1].delay_ms;
    if (faults[i - 1].effect == Effect::none) continue;
    worst = &faults[i - 1];
    worst_random = random;
  }
  if (delay_ms != 0) sleep_ms(delay_ms);
  return worst == nullptr ? 0 : inject_one_fault(*worst, worst_random, call, lock);
}

}  // namespace gpuprobe::sim
