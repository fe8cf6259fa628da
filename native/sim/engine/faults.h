// Faults: the scenario makes functions fail, hang, crash, lie or delay.
#pragma once

#include <pthread.h>

#include <atomic>

#include "sim/engine/call.h"

namespace gpuprobe::sim {

// A lock inside the driver. Nobody takes it in normal operation, so that a simulated call costs no
// more than a call. A call that hangs takes it for ever, and calls that need it wait for it, in the
// same futex wait that a debugger shows for a deadlocked driver.
struct DriverLock {
  pthread_mutex_t mutex;
  std::atomic<bool> held_for_good;
};

// One per library (each has its own copy): what its initialisation, one device's calls, and all
// other calls would hold.
extern DriverLock library_lock;
extern DriverLock device_locks[kMaxDevices];
extern DriverLock other_lock;

[[noreturn]] void wait_for_good(DriverLock* lock);

// Takes the lock and never returns.
[[noreturn]] void hang(DriverLock* lock);

inline void wait_if_held(DriverLock* lock) {
  if (lock->held_for_good.load(std::memory_order_acquire)) wait_for_good(lock);
}

// Injects the faults that the scenario lists for `function` on the call's device: delays, hangs
// while holding `lock`, crashes, corrupts the call's answers, or returns the code that the call
// must return. Returns 0 to continue.
int inject_listed_fault(std::uint32_t first, const Call& call, DriverLock* lock);

inline int inject_fault(Function function, const Call& call, DriverLock* lock) {
  call.world->count_call(function);
  const std::uint32_t first =
      call.world->machine->first_fault[static_cast<std::uint32_t>(function)];
  return first == 0 ? 0 : inject_listed_fault(first, call, lock);
}

}  // namespace gpuprobe::sim
