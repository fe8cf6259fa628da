// The part of NVML's ABI that extra_symbols.def and the export table need and the probes do not.
#pragma once

#include "driver/nvml_abi.h"

namespace gpuprobe::sim {

struct NvmlBar1Memory {
  std::uint64_t total;
  std::uint64_t free;
  std::uint64_t used;
};

// A process with its name, as an export table returns it: nvmlProcessDetail_v1_t followed by the
// name.
constexpr std::size_t kNvmlProcessNameBytes = 4096;
struct NvmlNamedProcess {
  std::uint32_t pid;
  std::uint64_t used_gpu_memory;  // bytes, or kNvmlValueNotAvailable
  std::uint32_t gpu_instance_id;
  std::uint32_t compute_instance_id;
  std::uint64_t used_gpu_cc_protected_memory;
  char name[kNvmlProcessNameBytes];
};

constexpr unsigned kNvmlTemperatureThresholdShutdown = 0;
constexpr unsigned kNvmlTemperatureThresholdSlowdown = 1;
constexpr unsigned kNvmlTemperatureThresholdGpuMax = 3;
constexpr unsigned kNvmlTemperatureThresholdCount = 7;

constexpr unsigned kNvmlPcieTransmitted = 0;
constexpr unsigned kNvmlPcieReceived = 1;

constexpr unsigned kNvmlLocationDram = 2;
constexpr unsigned kNvmlLocationSram = 7;

static_assert(sizeof(NvmlBar1Memory) == 24 && offsetof(NvmlBar1Memory, free) == 8 &&
              offsetof(NvmlBar1Memory, used) == 16);
// The element size by which nvidia-smi 535 steps through the list, and the offsets at which it
// reads each field of a list filled with a pattern.
static_assert(sizeof(NvmlNamedProcess) == 4128 && offsetof(NvmlNamedProcess, pid) == 0 &&
              offsetof(NvmlNamedProcess, used_gpu_memory) == 8 &&
              offsetof(NvmlNamedProcess, gpu_instance_id) == 16 &&
              offsetof(NvmlNamedProcess, compute_instance_id) == 20 &&
              offsetof(NvmlNamedProcess, name) == 32);

}  // namespace gpuprobe::sim
