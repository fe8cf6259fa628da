// Functions of the export table that answer something else than NOT_SUPPORTED. They have no names
// of their own, so each fails with the function that tells the same.
#pragma once

#include "sim/nvml/open_state.h"

namespace gpuprobe::sim {

// Asked by `dmon`, `pmon` and `vgpu` before anything else about a device.
NvmlReturn slot_can_be_monitored(NvmlDevice device, unsigned* yes);

// The address as nvidia-smi names a GPU in its messages, "0000:41:00.0", and in numbers. By index,
// since it must do for a GPU that has no handle because it is lost.
NvmlReturn slot_bus_id(unsigned index, char* out, unsigned length);
NvmlReturn slot_address(unsigned index, unsigned* domain, unsigned* bus, unsigned* device);

// "[domain:]bus:device.function" in hexadecimal, as in `-i 41:00.0`, into its numbers.
NvmlReturn slot_parse_bus_id(const char* text, unsigned* domain, unsigned* bus, unsigned* device,
                             unsigned* function);

// *count says how much room there is; nvidia-smi asks once, with room for 500. The clients of MPS
// are in the compute list too: it marks those that are in both "M+C". Made of what the functions
// with names say (_v2, whose elements are the same in every driver).
NvmlReturn slot_compute_processes(NvmlDevice device, unsigned* count, NvmlNamedProcess* out);
NvmlReturn slot_mps_processes(NvmlDevice device, unsigned* count, NvmlNamedProcess* out);
NvmlReturn slot_graphics_processes(NvmlDevice device, unsigned* count, NvmlNamedProcess* out);

}  // namespace gpuprobe::sim
