// Faults: functions that the scenario makes fail, hang or take their time.
#pragma once

#include <pthread.h>

#include <atomic>

#include "sim/world.h"

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

void wait_for_good(DriverLock* lock);

inline void wait_if_held(DriverLock* lock) {
  if (lock->held_for_good.load(std::memory_order_acquire)) wait_for_good(lock);
}

// Delays, hangs holding `lock`, or returns the number that the scenario makes `function` answer on
// this device (kNull32: the function has none). 0: no fault, carry on.
int suffer_listed(const Machine& machine, std::uint32_t first, std::uint32_t device,
                  DriverLock* lock);

inline int suffer(const Machine& machine, Function function, std::uint32_t device,
                  DriverLock* lock) {
  const std::uint32_t first = machine.first_fault[static_cast<std::uint32_t>(function)];
  return first == 0 ? 0 : suffer_listed(machine, first, device, lock);
}

}  // namespace gpuprobe::sim
