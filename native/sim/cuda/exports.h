// CUDA's entry points, declared from the list that the probes load: a definition with another
// signature does not compile.
#pragma once

#include "driver/cuda_abi.h"

namespace gpuprobe::sim {

using driver::CudaContext;
using driver::CudaDevice;
using driver::CudaDevicePointer;
using driver::CudaResult;
using driver::CudaUuid;

extern "C" {
#define CUDA_SYMBOL(need, since, name, parameters) \
  __attribute__((visibility("default"))) CudaResult name parameters;
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
}

}  // namespace gpuprobe::sim
