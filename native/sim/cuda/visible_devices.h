// CUDA_VISIBLE_DEVICES.
#pragma once

#include <cstdint>

#include "sim/engine/machine_view.h"

namespace gpuprobe::sim {

struct VisibleDevices {
  std::uint32_t count;
  std::uint32_t indices[kMaxDevices];  // on the machine, in CUDA's order
};

// Returns the devices that a process with this value of the variable (null: unset) sees: UUIDs,
// which may be shortened while they stay unique, or ordinals, separated by commas. The first entry
// that names no device, or one already named, ends the list.
VisibleDevices find_visible_devices(const MachineView& world, const char* variable);

}  // namespace gpuprobe::sim
