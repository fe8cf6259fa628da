// A CUDA library older than 410: two GPUs, identified only by their PCI address. If
// CUDA_VISIBLE_DEVICES holds a UUID, it finds no GPU.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/cuda_abi.h"

namespace {

using namespace gpuprobe::driver;

constexpr int kGpus = 2;
CudaDevice used = -1;

}  // namespace

extern "C" {

CudaResult cuInit(unsigned) {
  const char* visible = getenv("CUDA_VISIBLE_DEVICES");
  return visible != nullptr && strncmp(visible, "GPU-", 4) == 0 ? kCudaNoDevice : kCudaSuccess;
}

CudaResult cuDeviceGetCount(int* count) {
  *count = kGpus;
  return kCudaSuccess;
}

CudaResult cuDeviceGet(CudaDevice* device, int ordinal) {
  *device = ordinal;
  return kCudaSuccess;
}

CudaResult cuDeviceGetPCIBusId(char* bus_id, int length, CudaDevice device) {
  if (getenv("GPUPROBE_NO_ADDRESS") != nullptr) return kCudaUnknown;
  snprintf(bus_id, static_cast<std::size_t>(length), "0000:0%c:00.0", "9a"[device]);
  return kCudaSuccess;
}

CudaResult cuCtxCreate_v2(CudaContext*, unsigned, CudaDevice device) {
  used = device;
  return kCudaSuccess;
}

CudaResult cuCtxDestroy_v2(CudaContext) { return kCudaSuccess; }

CudaResult cuMemGetInfo_v2(std::size_t* free_bytes, std::size_t* total_bytes) {
  *free_bytes = static_cast<std::size_t>(used);  // so that a test sees which GPU it is on
  *total_bytes = kGpus;
  return kCudaSuccess;
}

CudaResult cuMemAlloc_v2(CudaDevicePointer* pointer, std::size_t) {
  *pointer = 1;
  return kCudaSuccess;
}

CudaResult cuMemFree_v2(CudaDevicePointer) { return kCudaSuccess; }

}  // extern "C"
