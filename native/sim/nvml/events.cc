// Event sets: a device's `xid` is reported to every set in which it is registered, once per change.
#include <time.h>

#include "sim/nvml/open_state.h"

namespace gpuprobe::driver {

// What an event set handle points to.
struct NvmlEventSetHandle {
  std::atomic<bool> in_use;
  std::atomic<bool> registered[sim::kMaxDevices];
  std::atomic<std::uint32_t> told[sim::kMaxDevices];  // the last Xid reported
  std::atomic<NvmlDevice> devices[sim::kMaxDevices];  // the program's handles
};

}  // namespace gpuprobe::driver

namespace gpuprobe::sim {
namespace {

using driver::NvmlEventSetHandle;

constexpr std::size_t kMaxSets = 64;
constexpr std::uint64_t kNanosecondsPerMillisecond = 1000000;
// How often a program that waits for events reads the machine.
constexpr unsigned kLookMs = 5;

NvmlEventSetHandle sets[kMaxSets];

NvmlEventSetHandle* find(NvmlEventSet set) {
  for (NvmlEventSetHandle& one : sets) {
    if (&one == set && one.in_use.load()) return &one;
  }
  return nullptr;
}

// Takes an event that was not reported yet. Each is reported once, whichever thread asks.
bool take_event(NvmlEventSetHandle* set, const Machine& machine, NvmlEventData* out) {
  for (std::uint32_t i = 0; i < machine.device_count; ++i) {
    if (!set->registered[i].load()) continue;
    const std::uint32_t xid = machine.devices[i].xid;
    if (set->told[i].exchange(xid) == xid || xid == kNull32) continue;
    *out = {set->devices[i].load(), driver::kNvmlEventXidCriticalError, xid, kNoMigInstance,
            kNoMigInstance};
    return true;
  }
  return false;
}

void sleep_a_little() {
  const timespec pause = {0, kLookMs * static_cast<long>(kNanosecondsPerMillisecond)};
  nanosleep(&pause, nullptr);
}

}  // namespace

extern "C" {

NvmlReturn nvmlEventSetCreate(NvmlEventSet* set) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlEventSetCreate, &call);
  if (refused != 0) return refused;
  if (set == nullptr) return driver::kNvmlInvalidArgument;
  for (NvmlEventSetHandle& one : sets) {
    if (one.in_use.exchange(true)) continue;
    for (std::atomic<bool>& registered : one.registered) registered.store(false);
    return write_out(call, NvmlEventSet{&one}, set);
  }
  return kNvmlInsufficientMemory;
}

NvmlReturn nvmlEventSetFree(NvmlEventSet set) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlEventSetFree, &call);
  if (refused != 0) return refused;
  NvmlEventSetHandle* one = find(set);
  return one != nullptr && one->in_use.exchange(false) ? driver::kNvmlSuccess
                                                       : driver::kNvmlInvalidArgument;
}

NvmlReturn nvmlDeviceGetSupportedEventTypes(NvmlDevice device, unsigned long long* types) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetSupportedEventTypes, device, &call);
  if (refused != 0) return refused;
  return write_out(call, static_cast<unsigned long long>(driver::kNvmlEventXidCriticalError),
                   types);
}

// Earlier events are not reported.
NvmlReturn nvmlDeviceRegisterEvents(NvmlDevice device, unsigned long long types, NvmlEventSet set) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceRegisterEvents, device, &call);
  if (refused != 0) return refused;
  NvmlEventSetHandle* one = find(set);
  if (one == nullptr) return driver::kNvmlInvalidArgument;
  if (types != driver::kNvmlEventXidCriticalError) return driver::kNvmlNotSupported;
  one->told[call.index].store(call.world->machine->devices[call.index].xid);
  one->devices[call.index].store(device);
  one->registered[call.index].store(true);
  return driver::kNvmlSuccess;
}

// Pins a revision of the machine for each poll, not for the whole wait.
NvmlReturn nvmlEventSetWait_v2(NvmlEventSet set, NvmlEventData* data, unsigned timeout_ms) {
  Corruption corruption;
  {
    NvmlCall call;
    const NvmlReturn refused = enter_nvml(Function::nvmlEventSetWait_v2, &call);
    if (refused != 0) return refused;
    corruption = call.corruption;
  }
  NvmlEventSetHandle* one = find(set);
  if (one == nullptr || data == nullptr) return driver::kNvmlInvalidArgument;
  const std::uint64_t end_ns = boottime_ns() + timeout_ms * kNanosecondsPerMillisecond;
  for (;;) {
    {
      NvmlCall call;
      if (!call.seen.enter()) return driver::kNvmlUninitialized;
      call.corruption = corruption;
      NvmlEventData event = {};
      const bool lies = corruption.effect == Effect::garbage;
      if (take_event(one, *call.world->machine, &event) || lies)
        return write_out(call, event, data);
    }
    if (boottime_ns() >= end_ns) return driver::kNvmlTimeout;
    sleep_a_little();
  }
}

}  // extern "C"

}  // namespace gpuprobe::sim
