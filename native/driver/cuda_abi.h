// The part of the CUDA driver API's ABI that gpuprobe uses.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpuprobe::driver {

// CUresult. An int, because cuGetErrorName does not know every number that a driver returns.
using CudaResult = int;

constexpr CudaResult kCudaSuccess = 0;
constexpr CudaResult kCudaInvalidValue = 1;
constexpr CudaResult kCudaOutOfMemory = 2;
constexpr CudaResult kCudaNotInitialized = 3;
constexpr CudaResult kCudaNoDevice = 100;
constexpr CudaResult kCudaInvalidDevice = 101;
constexpr CudaResult kCudaInvalidContext = 201;
constexpr CudaResult kCudaSystemDriverMismatch = 803;
constexpr CudaResult kCudaNotFound = 500;
constexpr CudaResult kCudaNotPermitted = 800;
constexpr CudaResult kCudaUnknown = 999;

using CudaDevice = int;
struct CudaContextHandle;
using CudaContext = CudaContextHandle*;
using CudaDevicePointer = unsigned long long;

struct CudaUuid {
  unsigned char bytes[16];
};
static_assert(sizeof(CudaUuid) == 16);
static_assert(sizeof(CudaDevicePointer) == 8);

// CU_CTX_SCHED_BLOCKING_SYNC: waits sleep instead of spinning on a core of the service's machine.
constexpr unsigned kCudaContextBlockingSync = 4;
constexpr int kCudaAttributeComputeMode = 20;

}  // namespace gpuprobe::driver
