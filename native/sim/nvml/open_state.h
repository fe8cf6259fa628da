// NVML as one process has it open: the reference count, and the devices attached.
#pragma once

#include "sim/nvml/outputs.h"

namespace gpuprobe::sim {

// Enters a function that needs NVML initialised and no device. 0: carry on.
NvmlReturn enter_nvml(Function function, NvmlCall* call);

// Enters a function of an attached device. 0: carry on.
NvmlReturn enter_nvml_device(Function function, NvmlDevice device, NvmlCall* call);

}  // namespace gpuprobe::sim
