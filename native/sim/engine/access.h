// Opening device nodes: the one place where a machine refuses a process.
#pragma once

#include <cstdint>

#include "sim/engine/machine_view.h"

namespace gpuprobe::sim {

// What the kernel answers to an open of any of the driver's nodes now: 0 or an errno. Descriptors
// opened earlier go on working, as under a real device cgroup.
int open_error(const MachineView& world);

// Off the bus now. The kernel still lists it.
inline bool is_lost(const MachineView& world, const Device& device) {
  return device.lost == Lost::yes || (device.lost == Lost::when_warm &&
                                      world.runtime->warm.load(std::memory_order_acquire) != 0);
}

// Some process has opened these devices (bit per device) by this library. The machine turns warm
// once both libraries have opened every device that is not lost from the start.
void note_nvml_opened(const MachineView& world, std::uint64_t devices);
void note_cuda_opened(const MachineView& world, std::uint64_t devices);

}  // namespace gpuprobe::sim
