#include "sim/nvml/open_state.h"

#include <errno.h>

#include "sim/engine/access.h"
#include "sim/engine/exit.h"
#include "sim/engine/versions.h"
#include "sim/nvml/readings.h"

namespace gpuprobe::sim {
namespace {

// What a device handle points to. Real handles point into the library's memory, and some readers
// look there.
struct DeviceBlock {
  std::uint32_t index;
  char rest[1020];
};

pthread_mutex_t init_mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<std::uint32_t> references;
std::atomic<std::uint64_t> attached;  // bit per device
DeviceBlock blocks[kMaxDevices];

// NVML turns the errno of opening /dev/nvidiactl into its own code: EPERM, which a device cgroup
// returns, becomes 999 "Unknown Error".
NvmlReturn code_of_open_error(int error) {
  return error == ENOENT ? driver::kNvmlDriverNotLoaded : driver::kNvmlUnknown;
}

// Checks the node, then the module's version, then the GPUs.
NvmlReturn open_driver(const Call& call, unsigned flags) {
  const bool there = call.world->machine != nullptr;
  const int error = there ? open_error(*call.world) : ENOENT;
  if (error != 0) return code_of_open_error(error);
  const Machine& machine = *call.world->machine;
  if (versions_differ(machine)) return kNvmlLibRmVersionMismatch;
  // "Unknown Error" has a second cause: no GPU was found, and NO_GPUS was not passed.
  const bool may_be_none = (flags & driver::kNvmlInitFlagNoGpus) != 0;
  if (machine.device_count == 0 && !may_be_none) return driver::kNvmlUnknown;
  return driver::kNvmlSuccess;
}

// A process that has NVML open opens nothing again, so it does not notice that it no longer could.
NvmlReturn initialise(Function function, unsigned flags) {
  wait_if_held(&library_lock);
  Call call;
  const bool there = call.seen.enter();
  if (references.load() == 0 && there) {
    const int fault = inject_fault(function, call, &library_lock);
    if (fault != 0) return fault;
  }
  pthread_mutex_lock(&init_mutex);
  const NvmlReturn code = references.load() == 0 ? open_driver(call, flags) : driver::kNvmlSuccess;
  if (code == driver::kNvmlSuccess) {
    references.fetch_add(1);
    note_library_opened();
  }
  pthread_mutex_unlock(&init_mutex);
  return code;
}

// The last shutdown needs every device's lock; one stuck call blocks it.
void wait_for_devices() {
  for (DriverLock& lock : device_locks) wait_if_held(&lock);
}

bool find_block(NvmlDevice device, std::uint32_t* index) {
  const std::uintptr_t distance =
      reinterpret_cast<std::uintptr_t>(device) - reinterpret_cast<std::uintptr_t>(blocks);
  *index = static_cast<std::uint32_t>(distance / sizeof(DeviceBlock));
  return distance < sizeof blocks && distance % sizeof(DeviceBlock) == 0 &&
         (attached.load(std::memory_order_acquire) >> *index & 1) != 0;
}

}  // namespace

NvmlReturn enter_nvml(Function function, NvmlCall* call) {
  wait_if_held(&library_lock);
  const bool open = references.load(std::memory_order_acquire) != 0;
  if (!open || !call->seen.enter()) return driver::kNvmlUninitialized;
  return inject_fault(function, *call, &other_lock);
}

NvmlReturn enter_nvml_device(Function function, NvmlDevice device, NvmlCall* call) {
  wait_if_held(&library_lock);
  const bool open = references.load(std::memory_order_acquire) != 0;
  if (!open || !call->seen.enter()) return driver::kNvmlUninitialized;
  if (!find_block(device, &call->index)) return driver::kNvmlInvalidArgument;
  call->readings = readings_of(*call->world, call->index);
  wait_if_held(&device_locks[call->index]);
  if (is_lost(*call->world, call->world->machine->devices[call->index])) {
    return driver::kNvmlGpuIsLost;
  }
  return inject_fault(function, *call, &device_locks[call->index]);
}

extern "C" {

// The same cause blocks both init functions, so a fault of nvmlInit_v2 also applies to
// nvmlInitWithFlags.
NvmlReturn nvmlInitWithFlags(unsigned flags) {
  Call call;
  if (references.load() == 0 && call.seen.enter()) {
    wait_if_held(&library_lock);
    const int fault = inject_fault(Function::nvmlInitWithFlags, call, &library_lock);
    if (fault != 0) return fault;
  }
  return initialise(Function::nvmlInit_v2, flags);
}

NvmlReturn nvmlInit_v2() { return initialise(Function::nvmlInit_v2, 0); }

// One shutdown too many is not an error.
NvmlReturn nvmlShutdown() {
  wait_if_held(&library_lock);
  Call call;
  if (references.load() == 0 || !call.seen.enter()) return driver::kNvmlSuccess;
  const int fault = inject_fault(Function::nvmlShutdown, call, &library_lock);
  if (fault != 0) return fault;
  if (references.load() == 1) wait_for_devices();
  pthread_mutex_lock(&init_mutex);
  if (references.load() == 1) attached.store(0);
  if (references.load() != 0) references.fetch_sub(1);
  pthread_mutex_unlock(&init_mutex);
  return driver::kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetCount_v2(unsigned* count) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlDeviceGetCount_v2, &call);
  return refused != 0 ? refused : write_out_count(call, call.world->machine->device_count, count);
}

// Attaches the device, which opens its node: the only NVML call that reveals a revocation to a
// process that has NVML open.
NvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice* device) {
  wait_if_held(&library_lock);
  NvmlCall call;
  if (references.load() == 0 || !call.seen.enter()) return driver::kNvmlUninitialized;
  const MachineView& world = *call.world;
  if (device == nullptr || index >= world.machine->device_count) {
    return driver::kNvmlInvalidArgument;
  }
  call.index = index;
  wait_if_held(&device_locks[index]);
  if (is_lost(world, world.machine->devices[index])) return driver::kNvmlGpuIsLost;
  const int fault =
      inject_fault(Function::nvmlDeviceGetHandleByIndex_v2, call, &device_locks[index]);
  if (fault != 0) return fault;
  const std::uint64_t bit = std::uint64_t{1} << index;
  if ((attached.load() & bit) == 0) {
    const int error = open_error(world);
    if (error != 0) return code_of_open_error(error);
    blocks[index].index = index;
    attached.fetch_or(bit);
    note_nvml_opened(world, bit);
  }
  return write_out(call, reinterpret_cast<NvmlDevice>(&blocks[index]), device);
}

}  // extern "C"

}  // namespace gpuprobe::sim
