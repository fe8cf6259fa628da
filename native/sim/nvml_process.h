// NVML as one process has it open: the reference count, and the devices attached.
#pragma once

#include "sim/faults.h"
#include "sim/nvml_exports.h"

namespace gpuprobe::sim {

// Codes that only the simulator answers with.
constexpr NvmlReturn kNvmlNotFound = 6;
constexpr NvmlReturn kNvmlArgumentVersionMismatch = 25;

// Enters a function that needs NVML initialised and no device. 0: carry on in *world.
NvmlReturn enter_nvml(Function function, const World** world);

// Enters a function of an attached device. 0: carry on; *readings is what the device says of
// itself, which is not what it is when the scenario's readings are zero.
struct NvmlCall {
  const World* world;
  const Device* readings;
  std::uint32_t index;
};
NvmlReturn enter_nvml_device(Function function, NvmlDevice device, NvmlCall* call);

// Copies a string and its end. INSUFFICIENT_SIZE when it does not fit.
NvmlReturn give_text(const char* text, char* out, unsigned length);

template <typename T>
NvmlReturn give(T value, T* out) {
  if (out == nullptr) return driver::kNvmlInvalidArgument;
  *out = value;
  return driver::kNvmlSuccess;
}

}  // namespace gpuprobe::sim
