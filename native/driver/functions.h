// A number for every driver function that gpuprobe calls, so that a process can record its current
// call in shared memory and another process can name it after a hang or a crash.
#pragma once

#include <cstdint>

#include "driver/cuda.h"
#include "driver/nvml.h"

namespace gpuprobe::driver {

enum class FunctionId : std::uint32_t {
  none = 0,
  dlopen,
#define NVML_SYMBOL(need, since, name, parameters) name,
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
#define CUDA_SYMBOL(need, since, name, parameters) name,
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
};

// Returns "" for an unknown number: it may come from a process that a driver has corrupted.
const char* function_name(std::uint32_t id);

// The number of a column of the tables: FunctionOf<&Nvml::nvmlInit_v2>::id.
template <auto Member>
struct FunctionOf;
#define NVML_SYMBOL(need, since, name, parameters)               \
  template <>                                                    \
  struct FunctionOf<&Nvml::name> {                               \
    static constexpr FunctionId id = FunctionId::name;           \
    static constexpr NvmlReturn missing = kNvmlFunctionNotFound; \
  };
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
#define CUDA_SYMBOL(need, since, name, parameters)       \
  template <>                                            \
  struct FunctionOf<&Cuda::name> {                       \
    static constexpr FunctionId id = FunctionId::name;   \
    static constexpr CudaResult missing = kCudaNotFound; \
  };
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL

}  // namespace gpuprobe::driver
