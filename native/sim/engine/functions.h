// A number for every function that the simulated libraries export; faults are looked up by it.
#pragma once

#include <cstdint>

namespace gpuprobe::sim {

enum class Function : std::uint32_t {
#define NVML_SYMBOL(need, since, name, parameters) name,
#include "driver/nvml_symbols.def"
#include "sim/nvml/extra_symbols.def"
#undef NVML_SYMBOL
#define CUDA_SYMBOL(need, since, name, parameters) name,
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
};

constexpr unsigned kFunctionCount = 0
#define NVML_SYMBOL(need, since, name, parameters) +1
#include "driver/nvml_symbols.def"
#include "sim/nvml/extra_symbols.def"
#undef NVML_SYMBOL
#define CUDA_SYMBOL(need, since, name, parameters) +1
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
    ;

// CUDA functions come last.
constexpr std::uint32_t kFirstCudaFunction = 0
#define NVML_SYMBOL(need, since, name, parameters) +1
#include "driver/nvml_symbols.def"
#include "sim/nvml/extra_symbols.def"
#undef NVML_SYMBOL
    ;

}  // namespace gpuprobe::sim
