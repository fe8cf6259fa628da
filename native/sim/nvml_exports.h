// NVML's entry points, declared from the list that the probes load by: a definition with another
// signature does not compile.
#pragma once

#include "driver/nvml_abi.h"

namespace gpuprobe::sim {

using driver::NvmlDevice;
using driver::NvmlEncoderSessionInfo;
using driver::NvmlFieldValue;
using driver::NvmlMemory;
using driver::NvmlMemoryV2;
using driver::NvmlPciInfo;
using driver::NvmlProcessInfo;
using driver::NvmlReturn;
using driver::NvmlUtilization;

extern "C" {
#define NVML_SYMBOL(need, since, name, parameters) \
  __attribute__((visibility("default"))) NvmlReturn name parameters;
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
}

}  // namespace gpuprobe::sim
