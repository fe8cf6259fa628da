#include "sim/cuda/open_state.h"

#include <stdlib.h>
#include <unistd.h>

#include "sim/cuda/visible_devices.h"
#include "sim/engine/access.h"
#include "sim/engine/exit.h"
#include "sim/engine/versions.h"

namespace gpuprobe::sim {
namespace {

// The library's own version, used if the machine has no driver to report one.
constexpr int kCudaVersionWithoutDriver = 12020;
// A count that a driver may claim and that still fits in an int.
constexpr int kAbsurdCount = 0x7FFFFFFF;

pthread_mutex_t init_mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<bool> initialised;
VisibleDevices visible;  // written before `initialised`, never after
pid_t opened_by;

// Whatever the errno of a process's first open, CUDA reports it as "no device".
CudaResult open_devices(const Call& call) {
  const MachineView& world = *call.world;
  if (world.machine == nullptr || open_error(world) != 0) return driver::kCudaNoDevice;
  if (versions_differ(*world.machine)) return driver::kCudaSystemDriverMismatch;
  visible = find_visible_devices(world, getenv("CUDA_VISIBLE_DEVICES"));
  if (visible.count == 0) return driver::kCudaNoDevice;
  std::uint64_t opened = 0;
  for (std::uint32_t i = 0; i < visible.count; ++i) {
    opened |= std::uint64_t{1} << visible.indices[i];
  }
  note_cuda_opened(world, opened);
  note_library_opened();
  opened_by = getpid();
  initialised.store(true, std::memory_order_release);
  return driver::kCudaSuccess;
}

}  // namespace

bool opened_by_another_process() { return opened_by != getpid(); }

CudaResult enter_cuda(CudaCall* call) {
  const bool open = initialised.load(std::memory_order_acquire);
  return open && call->seen.enter() ? driver::kCudaSuccess : driver::kCudaNotInitialized;
}

CudaResult enter_cuda_device(Function function, CudaDevice device, CudaCall* call) {
  const CudaResult refused = enter_cuda(call);
  if (refused != 0) return refused;
  if (device < 0 || static_cast<std::uint32_t>(device) >= visible.count) {
    return driver::kCudaInvalidDevice;
  }
  call->index = visible.indices[device];
  DriverLock* lock = &device_locks[call->index];
  wait_if_held(lock);
  return inject_fault(function, *call, lock);
}

extern "C" {

// A failed cuInit is retried from scratch at the next call; a successful one is final.
CudaResult cuInit(unsigned flags) {
  if (flags != 0) return driver::kCudaInvalidValue;
  wait_if_held(&library_lock);
  if (initialised.load(std::memory_order_acquire)) {
    return opened_by_another_process() ? driver::kCudaNotInitialized : driver::kCudaSuccess;
  }
  CudaCall call;
  if (call.seen.enter()) {
    const int fault = inject_fault(Function::cuInit, call, &library_lock);
    if (fault != 0) return fault;
  }
  pthread_mutex_lock(&init_mutex);
  const CudaResult code =
      initialised.load(std::memory_order_acquire) ? driver::kCudaSuccess : open_devices(call);
  pthread_mutex_unlock(&init_mutex);
  return code;
}

// Answers before cuInit, and without a driver.
CudaResult cuDriverGetVersion(int* version) {
  CudaCall call;
  int answer = kCudaVersionWithoutDriver;
  if (call.seen.enter()) {
    const int fault = inject_fault(Function::cuDriverGetVersion, call, &other_lock);
    if (fault != 0) return fault;
    const Machine& machine = *call.world->machine;
    if (machine.driver_absent == 0) answer = static_cast<int>(machine.cuda_version);
  }
  return write_out(call, answer, version);
}

CudaResult cuDeviceGetCount(int* count) {
  CudaCall call;
  const CudaResult refused = enter_cuda(&call);
  if (refused != 0) return refused;
  const int fault = inject_fault(Function::cuDeviceGetCount, call, &other_lock);
  if (fault != 0) return fault;
  const bool absurd = call.corruption.effect == Effect::absurd_count;
  return write_out(call, absurd ? kAbsurdCount : static_cast<int>(visible.count), count);
}

CudaResult cuDeviceGet(CudaDevice* device, int ordinal) {
  CudaCall call;
  const CudaResult refused = enter_cuda_device(Function::cuDeviceGet, ordinal, &call);
  return refused != 0 ? refused : write_out(call, ordinal, device);
}

}  // extern "C"

}  // namespace gpuprobe::sim
