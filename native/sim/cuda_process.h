// CUDA as one process has it open: what cuInit found, which stays so for the life of the process.
#pragma once

#include "sim/cuda_exports.h"
#include "sim/faults.h"

namespace gpuprobe::sim {

// What a compute mode that forbids the context is answered with.
constexpr CudaResult kCudaDeviceUnavailable = 46;

// Enters a function that needs cuInit. 0: carry on in *world. Faults are left to the caller, who
// knows whether the call is one device's.
CudaResult enter_cuda(const World** world);

struct CudaCall {
  const World* world;
  std::uint32_t index;  // of the device, on the machine
};

// Enters a function of one of the process's devices, faults included.
CudaResult enter_cuda_device(Function function, CudaDevice device, CudaCall* call);

// A child forked from a process that had CUDA open cannot use it.
bool opened_by_another_process();

}  // namespace gpuprobe::sim
