// Answers that are a single field of the device.
#pragma once

#include "sim/nvml/open_state.h"

namespace gpuprobe::sim {

template <typename T>
NvmlReturn write_out_reading(Function function, NvmlDevice device, T Device::*field, T* out) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  return refused != 0 ? refused : write_out(call, call.readings->*field, out);
}

inline NvmlReturn write_out_device_text(Function function, NvmlDevice device,
                                        const char* Device::*field, char* out, unsigned length) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  return refused != 0 ? refused : write_out_text(call, call.readings->*field, out, length);
}

// Returns the same number for every device.
inline NvmlReturn write_out_constant(Function function, NvmlDevice device, unsigned value,
                                     unsigned* out) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  return refused != 0 ? refused : write_out(call, value, out);
}

}  // namespace gpuprobe::sim
