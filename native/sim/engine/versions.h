// What depends on the driver's version.
#pragma once

#include "sim/engine/machine.h"

namespace gpuprobe::sim {

// Returns true if the libraries on disk belong to another driver than the module in the kernel, as
// after an upgrade without a reboot. NVML's own version is its CUDA major, a dot and the driver's
// version.
bool versions_differ(const Machine& machine);

// Returns true for 535.43.02 to 535.86.x, which wrote 32-byte elements through the _v3 process
// lists, into arrays of 24 (XuehaiPan/nvitop#79).
bool writes_wide_processes(const Machine& machine);

}  // namespace gpuprobe::sim
