#include "sim/cuda_process.h"

#include <stdlib.h>
#include <unistd.h>

#include "sim/access.h"
#include "sim/visible_devices.h"

namespace gpuprobe::sim {
namespace {

// The library's own version when the machine has no driver to tell it.
constexpr int kCudaVersionWithoutDriver = 12020;

pthread_mutex_t init_mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<bool> initialised;
VisibleDevices visible;  // written before `initialised`, never after
pid_t opened_by;

// Whatever the errno of a process's first open, CUDA calls it "no device".
CudaResult open_devices() {
  const World* world = find_world();
  if (world == nullptr || open_error(*world) != 0) return driver::kCudaNoDevice;
  visible = find_visible_devices(*world, getenv("CUDA_VISIBLE_DEVICES"));
  if (visible.count == 0) return driver::kCudaNoDevice;
  std::uint64_t opened = 0;
  for (std::uint32_t i = 0; i < visible.count; ++i) {
    opened |= std::uint64_t{1} << visible.indices[i];
  }
  note_cuda_opened(*world, opened);
  opened_by = getpid();
  initialised.store(true, std::memory_order_release);
  return driver::kCudaSuccess;
}

}  // namespace

bool opened_by_another_process() { return opened_by != getpid(); }

CudaResult enter_cuda(const World** world) {
  if (!initialised.load(std::memory_order_acquire)) return driver::kCudaNotInitialized;
  *world = &attached_world();
  return driver::kCudaSuccess;
}

CudaResult enter_cuda_device(Function function, CudaDevice device, CudaCall* call) {
  if (!initialised.load(std::memory_order_acquire)) return driver::kCudaNotInitialized;
  if (device < 0 || static_cast<std::uint32_t>(device) >= visible.count) {
    return driver::kCudaInvalidDevice;
  }
  call->world = &attached_world();
  call->index = visible.indices[device];
  DriverLock* lock = &device_locks[call->index];
  wait_if_held(lock);
  return suffer(*call->world->machine, function, call->index, lock);
}

extern "C" {

// A failure is tried again from scratch at the next call; a success is final.
CudaResult cuInit(unsigned flags) {
  if (flags != 0) return driver::kCudaInvalidValue;
  wait_if_held(&library_lock);
  if (initialised.load(std::memory_order_acquire)) {
    return opened_by_another_process() ? driver::kCudaNotInitialized : driver::kCudaSuccess;
  }
  const World* world = find_world();
  if (world != nullptr) {
    const int fault = suffer(*world->machine, Function::cuInit, kNull32, &library_lock);
    if (fault != 0) return fault;
  }
  pthread_mutex_lock(&init_mutex);
  const CudaResult code =
      initialised.load(std::memory_order_acquire) ? driver::kCudaSuccess : open_devices();
  pthread_mutex_unlock(&init_mutex);
  return code;
}

// Answers before cuInit, and without a driver.
CudaResult cuDriverGetVersion(int* version) {
  if (version == nullptr) return driver::kCudaInvalidValue;
  const World* world = find_world();
  *version = kCudaVersionWithoutDriver;
  if (world == nullptr) return driver::kCudaSuccess;
  const Machine& machine = *world->machine;
  const int fault = suffer(machine, Function::cuDriverGetVersion, kNull32, &other_lock);
  if (fault == 0 && machine.driver_absent == 0) *version = static_cast<int>(machine.cuda_version);
  return fault;
}

CudaResult cuDeviceGetCount(int* count) {
  const World* world = nullptr;
  const CudaResult refused = enter_cuda(&world);
  if (refused != 0) return refused;
  const int fault = suffer(*world->machine, Function::cuDeviceGetCount, kNull32, &other_lock);
  if (fault != 0) return fault;
  if (count == nullptr) return driver::kCudaInvalidValue;
  *count = static_cast<int>(visible.count);
  return driver::kCudaSuccess;
}

CudaResult cuDeviceGet(CudaDevice* device, int ordinal) {
  CudaCall call;
  const CudaResult refused = enter_cuda_device(Function::cuDeviceGet, ordinal, &call);
  if (refused != 0) return refused;
  if (device == nullptr) return driver::kCudaInvalidValue;
  *device = ordinal;
  return driver::kCudaSuccess;
}

}  // extern "C"

}  // namespace gpuprobe::sim
