#include "sim/nvml_process.h"

#include <errno.h>
#include <string.h>

#include "sim/access.h"

namespace gpuprobe::sim {
namespace {

// What a handle points to. Real handles point into memory of the library, and readers have been
// seen to look there.
struct DeviceBlock {
  std::uint32_t index;
  char rest[1020];
};

pthread_mutex_t init_mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<std::uint32_t> references;
std::atomic<std::uint64_t> attached;  // bit per device
DeviceBlock blocks[kMaxDevices];

// The readings of a driver that answers zero to everything and calls it success.
constexpr Device kZeroDevice = [] {
  Device device = {};
  device.name = device.uuid = device.pci_bus_id = "";
  device.serial = device.board_part_number = device.vbios_version = "";
  return device;
}();

// NVML turns the errno of opening /dev/nvidiactl into its own code: EPERM, which is what a device
// cgroup answers, becomes 999 "Unknown Error".
NvmlReturn code_of_open_error(int error) {
  return error == ENOENT ? driver::kNvmlDriverNotLoaded : driver::kNvmlUnknown;
}

NvmlReturn open_driver(unsigned flags) {
  const World* world = find_world();
  const int error = world == nullptr ? ENOENT : open_error(*world);
  if (error != 0) return code_of_open_error(error);
  // "Unknown Error" has a second cause: no GPU to be found, and no leave to go without.
  const bool may_be_none = (flags & driver::kNvmlInitFlagNoGpus) != 0;
  if (world->machine->device_count == 0 && !may_be_none) return driver::kNvmlUnknown;
  return driver::kNvmlSuccess;
}

// A process that has NVML open opens nothing again: it does not notice that it no longer could.
NvmlReturn initialise(Function function, unsigned flags) {
  wait_if_held(&library_lock);
  const World* world = find_world();
  if (references.load() == 0 && world != nullptr) {
    const int fault = suffer(*world->machine, function, kNull32, &library_lock);
    if (fault != 0) return fault;
  }
  pthread_mutex_lock(&init_mutex);
  const NvmlReturn code = references.load() == 0 ? open_driver(flags) : driver::kNvmlSuccess;
  if (code == driver::kNvmlSuccess) references.fetch_add(1);
  pthread_mutex_unlock(&init_mutex);
  return code;
}

// The last shutdown needs every device's lock; one stuck call keeps it waiting.
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
  if (references.load(std::memory_order_acquire) == 0) return driver::kNvmlUninitialized;
  *call = {&attached_world(), nullptr, kNull32};
  return suffer(*call->world->machine, function, kNull32, &other_lock);
}

NvmlReturn enter_nvml_device(Function function, NvmlDevice device, NvmlCall* call) {
  wait_if_held(&library_lock);
  if (references.load(std::memory_order_acquire) == 0) return driver::kNvmlUninitialized;
  if (!find_block(device, &call->index)) return driver::kNvmlInvalidArgument;
  call->world = &attached_world();
  const Machine& machine = *call->world->machine;
  const Device& real = machine.devices[call->index];
  call->readings = machine.readings == Readings::zero ? &kZeroDevice : &real;
  wait_if_held(&device_locks[call->index]);
  if (is_lost(*call->world, real)) return driver::kNvmlGpuIsLost;
  return suffer(machine, function, call->index, &device_locks[call->index]);
}

NvmlReturn give_text(const NvmlCall&, const char* text, char* out, unsigned length) {
  if (text == nullptr) return driver::kNvmlNotSupported;
  if (out == nullptr) return driver::kNvmlInvalidArgument;
  const std::size_t needed = strlen(text) + 1;
  if (needed > length) return driver::kNvmlInsufficientSize;
  memcpy(out, text, needed);
  return driver::kNvmlSuccess;
}

extern "C" {

// The same cause stops both ways in, so a fault of nvmlInit_v2 is one of nvmlInitWithFlags too.
NvmlReturn nvmlInitWithFlags(unsigned flags) {
  const World* world = find_world();
  if (references.load() == 0 && world != nullptr) {
    wait_if_held(&library_lock);
    const int fault = suffer(*world->machine, Function::nvmlInitWithFlags, kNull32, &library_lock);
    if (fault != 0) return fault;
  }
  return initialise(Function::nvmlInit_v2, flags);
}

NvmlReturn nvmlInit_v2() { return initialise(Function::nvmlInit_v2, 0); }

// One shutdown too many is no error.
NvmlReturn nvmlShutdown() {
  wait_if_held(&library_lock);
  if (references.load() == 0) return driver::kNvmlSuccess;
  const int fault =
      suffer(*attached_world().machine, Function::nvmlShutdown, kNull32, &library_lock);
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
  return refused != 0 ? refused : give(call, call.world->machine->device_count, count);
}

// Attaches the device, which opens its node: the one NVML call that shows a revocation to a process
// that has NVML open.
NvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice* device) {
  wait_if_held(&library_lock);
  if (references.load() == 0) return driver::kNvmlUninitialized;
  const World& world = attached_world();
  if (device == nullptr || index >= world.machine->device_count) {
    return driver::kNvmlInvalidArgument;
  }
  wait_if_held(&device_locks[index]);
  if (is_lost(world, world.machine->devices[index])) return driver::kNvmlGpuIsLost;
  const int fault =
      suffer(*world.machine, Function::nvmlDeviceGetHandleByIndex_v2, index, &device_locks[index]);
  if (fault != 0) return fault;
  const std::uint64_t bit = std::uint64_t{1} << index;
  if ((attached.load() & bit) == 0) {
    const int error = open_error(world);
    if (error != 0) return code_of_open_error(error);
    blocks[index].index = index;
    attached.fetch_or(bit);
    note_nvml_opened(world, bit);
  }
  *device = reinterpret_cast<NvmlDevice>(&blocks[index]);
  return driver::kNvmlSuccess;
}

}  // extern "C"

}  // namespace gpuprobe::sim
