#include "sim/faults.h"

#include <errno.h>
#include <time.h>

namespace gpuprobe::sim {
namespace {

void sleep_ms(std::uint32_t milliseconds) {
  timespec left = {static_cast<time_t>(milliseconds / 1000),
                   static_cast<long>(milliseconds % 1000) * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

// The second lock by the same thread is the deadlock.
void hang(DriverLock* lock) {
  pthread_mutex_lock(&lock->mutex);
  lock->held_for_good.store(true, std::memory_order_release);
  wait_for_good(lock);
}

}  // namespace

// Zero is an unlocked mutex of the default kind, which does not notice its owner.
DriverLock library_lock;
DriverLock device_locks[kMaxDevices];
DriverLock other_lock;

void wait_for_good(DriverLock* lock) {
  for (;;) pthread_mutex_lock(&lock->mutex);
}

int suffer_listed(const Machine& machine, std::uint32_t first, std::uint32_t device,
                  DriverLock* lock) {
  for (std::uint32_t i = first; i != 0; i = machine.faults[i - 1].next) {
    const Fault& fault = machine.faults[i - 1];
    if (fault.device != kNull32 && fault.device != device) continue;
    if (fault.delay_ms != 0) sleep_ms(fault.delay_ms);
    if (fault.hang != 0) hang(lock);
    if (fault.return_code != 0) return fault.return_code;
  }
  return 0;
}

}  // namespace gpuprobe::sim
