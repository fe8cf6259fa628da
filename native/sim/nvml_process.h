// NVML as one process has it open: the reference count, and the devices attached.
#pragma once

#include "sim/faults.h"
#include "sim/nvml_exports.h"

namespace gpuprobe::sim {

// Codes that only the simulator answers with.
constexpr NvmlReturn kNvmlNotFound = 6;
constexpr NvmlReturn kNvmlInsufficientMemory = 20;
constexpr NvmlReturn kNvmlArgumentVersionMismatch = 25;

// Of a process that is in no MIG instance.
constexpr std::uint32_t kNoMigInstance = 0xFFFFFFFFu;

// A call that has entered NVML.
struct NvmlCall {
  const World* world;
  const Device* readings;  // what the device says of itself, which need not be what it is
  std::uint32_t index;     // of the device, on the machine
};

// Enters a function that needs NVML initialised and no device. 0: carry on.
NvmlReturn enter_nvml(Function function, NvmlCall* call);

// Enters a function of an attached device. 0: carry on.
NvmlReturn enter_nvml_device(Function function, NvmlDevice device, NvmlCall* call);

// Every answer leaves through these. Copies a string and its end: INSUFFICIENT_SIZE when it does
// not fit, NOT_SUPPORTED when there is none.
NvmlReturn give_text(const NvmlCall& call, const char* text, char* out, unsigned length);

template <typename T>
NvmlReturn give(const NvmlCall&, T value, T* out) {
  if (out == nullptr) return driver::kNvmlInvalidArgument;
  *out = value;
  return driver::kNvmlSuccess;
}

// The same for a number that the model may not have.
inline NvmlReturn give_known(const NvmlCall& call, std::uint32_t value, unsigned* out) {
  return value == kNull32 ? driver::kNvmlNotSupported : give(call, value, out);
}

}  // namespace gpuprobe::sim
