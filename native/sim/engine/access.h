// Opening device nodes: the only place where a machine refuses a process.
#pragma once

#include <cstdint>

#include "sim/engine/machine_view.h"

namespace gpuprobe::sim {

// Returns what the kernel answers now to an open of any of the driver's nodes: 0 or an errno.
// Descriptors opened earlier keep working, as under a real device cgroup.
int open_error(const MachineView& world);

// Returns true if the device is off the bus now. The kernel still lists it.
inline bool is_lost(const MachineView& world, const Device& device) {
  return device.lost == Lost::yes || (device.lost == Lost::when_warm &&
                                      world.runtime->warm.load(std::memory_order_acquire) != 0);
}

// Records that some process has opened these devices (one bit each) through this library. The
// machine becomes warm once both libraries have opened every device that is not lost from the
// start.
void note_nvml_opened(const MachineView& world, std::uint64_t devices);
void note_cuda_opened(const MachineView& world, std::uint64_t devices);

}  // namespace gpuprobe::sim
