// Functions of the export table that return more than NOT_SUPPORTED. They have no names, so each
// fails together with the named function that returns the same.
#pragma once

#include "sim/nvml/open_state.h"

namespace gpuprobe::sim {

// Called by `dmon`, `pmon` and `vgpu` before anything else about a device.
NvmlReturn slot_can_be_monitored(NvmlDevice device, unsigned* yes);

// The address as nvidia-smi writes it in its messages, "0000:41:00.0", and as numbers. By index,
// because it must also work for a lost GPU, which has no handle.
NvmlReturn slot_bus_id(unsigned index, char* out, unsigned length);
NvmlReturn slot_address(unsigned index, unsigned* domain, unsigned* bus, unsigned* device);

// Parses "[domain:]bus:device.function" in hexadecimal, as in `-i 41:00.0`.
NvmlReturn slot_parse_bus_id(const char* text, unsigned* domain, unsigned* bus, unsigned* device,
                             unsigned* function);

// `*count` is the room in `out`; nvidia-smi calls once, with room for 500. MPS clients are in the
// compute list too: nvidia-smi marks those in both as "M+C". Built from the named functions (_v2,
// whose elements are the same in every driver).
NvmlReturn slot_compute_processes(NvmlDevice device, unsigned* count, NvmlNamedProcess* out);
NvmlReturn slot_mps_processes(NvmlDevice device, unsigned* count, NvmlNamedProcess* out);
NvmlReturn slot_graphics_processes(NvmlDevice device, unsigned* count, NvmlNamedProcess* out);

}  // namespace gpuprobe::sim
