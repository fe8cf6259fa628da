// NVML's entry points, declared from the list that the probes load and the list of functions that
// only other programs call: a definition with another signature does not compile.
#pragma once

#include "sim/nvml/extra_abi.h"

namespace gpuprobe::sim {

using driver::NvmlDevice;
using driver::NvmlEncoderSessionInfo;
using driver::NvmlEventData;
using driver::NvmlEventSet;
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
#include "sim/nvml/extra_symbols.def"
#undef NVML_SYMBOL
// Not a driver call, so in no list: it needs no initialisation, and no fault affects it.
__attribute__((visibility("default"))) const char* nvmlErrorString(NvmlReturn code);
}

}  // namespace gpuprobe::sim
