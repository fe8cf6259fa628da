// NVML as one process has it open: the reference count and the attached devices.
#pragma once

#include "sim/nvml/outputs.h"

namespace gpuprobe::sim {

// Enters a function that needs an initialised NVML and no device. Returns 0 to continue.
NvmlReturn enter_nvml(Function function, NvmlCall* call);

// Enters a function of an attached device. Returns 0 to continue.
NvmlReturn enter_nvml_device(Function function, NvmlDevice device, NvmlCall* call);

}  // namespace gpuprobe::sim
