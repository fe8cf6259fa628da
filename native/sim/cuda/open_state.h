// CUDA as one process has it open: what cuInit found, which stays so for the life of the process.
#pragma once

#include "sim/cuda/exports.h"
#include "sim/engine/faults.h"

namespace gpuprobe::sim {

// What a compute mode that forbids the context is answered with.
constexpr CudaResult kCudaDeviceUnavailable = 46;

struct CudaCall : Call {};

// Enters a function that needs cuInit. 0: carry on. Faults are left to the caller, who knows
// whether the call is one device's.
CudaResult enter_cuda(CudaCall* call);

// Enters a function of one of the process's devices, faults included.
CudaResult enter_cuda_device(Function function, CudaDevice device, CudaCall* call);

// A child forked from a process that had CUDA open cannot use it.
bool opened_by_another_process();

// A number, a handle or a struct. As in NVML, all that a call writes goes through here, so that a
// fault can corrupt it.
template <typename T>
CudaResult write_out(const CudaCall& call, T value, T* out) {
  if (out == nullptr) return driver::kCudaInvalidValue;
  *out = corrupt(call, value);
  return driver::kCudaSuccess;
}

}  // namespace gpuprobe::sim
