// The simulated libraries from outside: loaded by path, every export looked up by name.
#pragma once

#include <dlfcn.h>

#include <cstring>
#include <string>

#include "check.h"
#include "driver/cuda_abi.h"
#include "driver/nvml_abi.h"
#include "driver/simulator.h"

namespace gpuprobe::test {

using driver::CudaContext;
using driver::CudaDevice;
using driver::CudaDevicePointer;
using driver::CudaResult;
using driver::CudaUuid;
using driver::NodeStat;
using driver::NvmlDevice;
using driver::NvmlEncoderSessionInfo;
using driver::NvmlEventData;
using driver::NvmlEventSet;
using driver::NvmlFieldValue;
using driver::NvmlMemory;
using driver::NvmlMemoryV2;
using driver::NvmlPciInfo;
using driver::NvmlProcessInfo;
using driver::NvmlReturn;
using driver::NvmlUtilization;
using driver::Simulator;

inline void* open_library(const char* soname) {
  const std::string path = std::string(GPUPROBE_SIMULATOR) + "/" + soname;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) check::fail(__FILE__, __LINE__, dlerror());
  return library;
}

template <typename F>
void find_symbol(void* library, const char* name, F* function) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) check::fail(__FILE__, __LINE__, std::string(name) + " is missing");
  memcpy(function, &symbol, sizeof symbol);
}

struct Library {
  void* handle;
  const Simulator* simulator;
  explicit Library(const char* soname) : handle(open_library(soname)) {
    simulator = static_cast<const Simulator*>(dlsym(handle, "gpuprobe_simulator"));
    CHECK(simulator != nullptr && simulator->version == driver::kSimulatorVersion);
  }
};

struct Nvml : Library {
#define NVML_SYMBOL(need, since, name, parameters) NvmlReturn(*name) parameters;
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
  explicit Nvml(int world) : Library("libnvidia-ml.so.1") {
#define NVML_SYMBOL(need, since, name, parameters) find_symbol(handle, #name, &name);
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
    if (world >= 0) CHECK_EQ(0, simulator->attach(world));
  }
  NvmlDevice device(unsigned index) const {
    NvmlDevice device = nullptr;
    CHECK_EQ(0, nvmlDeviceGetHandleByIndex_v2(index, &device));
    CHECK(device != nullptr);
    return device;
  }
};

struct Cuda : Library {
#define CUDA_SYMBOL(need, since, name, parameters) CudaResult(*name) parameters;
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
  explicit Cuda(int world) : Library("libcuda.so.1") {
#define CUDA_SYMBOL(need, since, name, parameters) find_symbol(handle, #name, &name);
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
    if (world >= 0) CHECK_EQ(0, simulator->attach(world));
  }
  int count() const {
    int count = -1;
    CHECK_EQ(0, cuDeviceGetCount(&count));
    return count;
  }
};

}  // namespace gpuprobe::test
