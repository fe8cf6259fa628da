#include "driver/functions.h"

namespace gpuprobe::driver {

const char* function_name(std::uint32_t id) {
  static constexpr const char* kNames[] = {
      "",
      "dlopen",
#define NVML_SYMBOL(need, since, name, parameters) #name,
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
#define CUDA_SYMBOL(need, since, name, parameters) #name,
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
  };
  return id < sizeof kNames / sizeof kNames[0] ? kNames[id] : "";
}

}  // namespace gpuprobe::driver
