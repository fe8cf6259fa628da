// What NVML says about the driver and about processes by number.
#include "sim/nvml_process.h"

namespace gpuprobe::sim {
namespace {

// The library's own version when the machine has no driver to read it from: userspace stays
// installed.
constexpr char kNvmlVersionWithoutDriver[] = "12.535.261.03";

const char* find_process_name(const Machine& machine, unsigned pid) {
  if (machine.readings == Readings::zero) return nullptr;
  for (std::uint32_t d = 0; d < machine.device_count; ++d) {
    const Device& device = machine.devices[d];
    for (std::uint32_t i = 0; i < device.process_count; ++i) {
      if (device.processes[i].pid == pid) return device.processes[i].name;
    }
  }
  return nullptr;
}

}  // namespace

extern "C" {

NvmlReturn nvmlSystemGetDriverVersion(char* version, unsigned length) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlSystemGetDriverVersion, &call);
  return refused != 0 ? refused
                      : give_text(call, call.world->machine->driver_version, version, length);
}

// Answers before initialisation, without a driver, and beside an nvmlInit that hangs.
NvmlReturn nvmlSystemGetNVMLVersion(char* version, unsigned length) {
  const World* world = find_world();
  const char* text = nullptr;
  const NvmlCall call = {world, nullptr, kNull32};
  if (world != nullptr) {
    const int fault =
        suffer(*world->machine, Function::nvmlSystemGetNVMLVersion, kNull32, &other_lock);
    if (fault != 0) return fault;
    text = world->machine->nvml_version;
  }
  return give_text(call, text != nullptr ? text : kNvmlVersionWithoutDriver, version, length);
}

NvmlReturn nvmlSystemGetCudaDriverVersion_v2(int* version) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlSystemGetCudaDriverVersion_v2, &call);
  if (refused != 0) return refused;
  return give(call, static_cast<int>(call.world->machine->cuda_version), version);
}

NvmlReturn nvmlSystemGetProcessName(unsigned pid, char* name, unsigned length) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlSystemGetProcessName, &call);
  if (refused != 0) return refused;
  const char* text = find_process_name(*call.world->machine, pid);
  return text == nullptr ? kNvmlNotFound : give_text(call, text, name, length);
}

}  // extern "C"

}  // namespace gpuprobe::sim
