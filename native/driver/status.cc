#include "driver/status.h"

namespace gpuprobe::driver {
namespace {

constexpr StatusName kNvml[] = {
#define NVML_STATUS(number, name) {number, "NVML_" #name},
#include "driver/nvml_status.def"
#undef NVML_STATUS
};

constexpr StatusName kCuda[] = {
#define CUDA_STATUS(number, name) {number, "CUDA_" #name},
#include "driver/cuda_status.def"
#undef CUDA_STATUS
};

}  // namespace

const StatusName* nvml_status_names(std::size_t* count) {
  *count = sizeof kNvml / sizeof kNvml[0];
  return kNvml;
}

const StatusName* cuda_status_names(std::size_t* count) {
  *count = sizeof kCuda / sizeof kCuda[0];
  return kCuda;
}

}  // namespace gpuprobe::driver
