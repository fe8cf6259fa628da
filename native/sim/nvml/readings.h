// What a device reports, if that is more than a value of the scenario.
#pragma once

#include "sim/engine/contexts.h"
#include "sim/nvml/open_state.h"

namespace gpuprobe::sim {

// Returns the scenario's values that NVML reads now for a device.
const Device* readings_of(const MachineView& world, std::uint32_t index);

// Returns the scenario time of the call's readings.
std::uint64_t readings_ms(const NvmlCall& call);

// Returns the device memory in use, without the reserved part.
std::uint64_t allocated_bytes(const NvmlCall& call);

// Returns the energy since the driver was loaded; kNull64 if the model does not measure it.
std::uint64_t energy_millijoules(const NvmlCall& call);

// Lists the processes with CUDA contexts on the device, as contexts.h does.
std::uint32_t list_live_owners(const NvmlCall& call, ContextOwner* out);

// Returns true if the device is split into MIG instances; it then has no utilization of its own.
inline bool is_split(const Device& device) { return device.mig_mode == 1; }

}  // namespace gpuprobe::sim
