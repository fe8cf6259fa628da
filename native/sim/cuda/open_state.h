// CUDA as one process has it open: what cuInit found stays for the life of the process.
#pragma once

#include "sim/cuda/exports.h"
#include "sim/engine/faults.h"

namespace gpuprobe::sim {

// Returned if the compute mode forbids the context.
constexpr CudaResult kCudaDeviceUnavailable = 46;

struct CudaCall : Call {};

// Enters a function that needs cuInit. Returns 0 to continue. The caller injects faults, because it
// knows whether the call concerns one device.
CudaResult enter_cuda(CudaCall* call);

// Enters a function of one of the process's devices; also injects faults.
CudaResult enter_cuda_device(Function function, CudaDevice device, CudaCall* call);

// Returns true in a child forked from a process that had CUDA open; such a child cannot use CUDA.
bool opened_by_another_process();

// Writes a number, a handle or a struct. As in NVML, everything that a call writes passes through
// here, so that a fault can corrupt it.
template <typename T>
CudaResult write_out(const CudaCall& call, T value, T* out) {
  if (out == nullptr) return driver::kCudaInvalidValue;
  *out = corrupt(call, value);
  return driver::kCudaSuccess;
}

}  // namespace gpuprobe::sim
