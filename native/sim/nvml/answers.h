// Answers that are one field of the device.
#pragma once

#include "sim/nvml/process.h"

namespace gpuprobe::sim {

template <typename T>
NvmlReturn give_reading(Function function, NvmlDevice device, T Device::*field, T* out) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  return refused != 0 ? refused : give(call, call.readings->*field, out);
}

inline NvmlReturn give_device_text(Function function, NvmlDevice device, const char* Device::*field,
                                   char* out, unsigned length) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  return refused != 0 ? refused : give_text(call, call.readings->*field, out, length);
}

// The same number for every device.
inline NvmlReturn give_constant(Function function, NvmlDevice device, unsigned value,
                                unsigned* out) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  return refused != 0 ? refused : give(call, value, out);
}

}  // namespace gpuprobe::sim
