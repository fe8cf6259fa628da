// Faults: functions that the scenario makes fail, hang, crash, lie or take their time.
#pragma once

#include <pthread.h>

#include <atomic>

#include "sim/engine/call.h"

namespace gpuprobe::sim {

// A lock inside the driver. Nobody takes it while all is well, so that a simulated call costs what
// a call costs; a call that hangs takes it for good, and calls that need it then wait for it, in
// the same futex wait that a deadlocked driver shows in a debugger.
struct DriverLock {
  pthread_mutex_t mutex;
  std::atomic<bool> held_for_good;
};

// One per library (each has its own copy of these): what its initialisation, one device's calls,
// and everything else would hold.
extern DriverLock library_lock;
extern DriverLock device_locks[kMaxDevices];
extern DriverLock other_lock;

[[noreturn]] void wait_for_good(DriverLock* lock);

// Takes the lock, and never comes back.
[[noreturn]] void hang(DriverLock* lock);

inline void wait_if_held(DriverLock* lock) {
  if (lock->held_for_good.load(std::memory_order_acquire)) wait_for_good(lock);
}

// Injects the faults that the scenario lists for `function` on the call's device: delays, hangs
// holding `lock`, crashes, corrupts the call's answers, or returns the number that it is to answer.
// 0: carry on.
int inject_listed_fault(std::uint32_t first, const Call& call, DriverLock* lock);

inline int inject_fault(Function function, const Call& call, DriverLock* lock) {
  call.world->count_call(function);
  const std::uint32_t first =
      call.world->machine->first_fault[static_cast<std::uint32_t>(function)];
  return first == 0 ? 0 : inject_listed_fault(first, call, lock);
}

}  // namespace gpuprobe::sim
