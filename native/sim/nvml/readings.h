// What a device says of itself, where that is more than a value of the scenario.
#pragma once

#include "sim/engine/contexts.h"
#include "sim/nvml/open_state.h"

namespace gpuprobe::sim {

// The scenario's values that NVML reads now for a device.
const Device* readings_of(const MachineView& world, std::uint32_t index);

// Scenario time of the call's readings.
std::uint64_t readings_ms(const NvmlCall& call);

// Device memory in use, without the reserved.
std::uint64_t allocated_bytes(const NvmlCall& call);

// Since the driver was loaded; kNull64: the model does not measure it.
std::uint64_t energy_millijoules(const NvmlCall& call);

// The processes with CUDA contexts on the device, as contexts.h lists them.
std::uint32_t list_live_owners(const NvmlCall& call, ContextOwner* out);

// The device is split into instances, and answers for none of them what they do.
inline bool is_split(const Device& device) { return device.mig_mode == 1; }

}  // namespace gpuprobe::sim
