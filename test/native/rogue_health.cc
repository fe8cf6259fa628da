// The part of the rogue NVML that lies about a device's health. GPUPROBE_ROGUE says how: `garbage`
// returns success with impossible numbers, `silent` returns success and writes nothing, `fields`
// returns field values of other types than NVML's own.
#include <stdlib.h>
#include <string.h>

#include "driver/nvml_abi.h"

namespace {

using gpuprobe::driver::kNvmlSuccess;
using gpuprobe::driver::NvmlDevice;
using gpuprobe::driver::NvmlFieldValue;
using gpuprobe::driver::NvmlReturn;

constexpr unsigned kNotFlag = 2;
constexpr unsigned kTooMany = 65;
constexpr unsigned kTooWide = 64;
constexpr unsigned long long kTooLong = (1ull << 53) + 2;

bool rogue_is(const char* way) {
  const char* how = getenv("GPUPROBE_ROGUE");
  return how != nullptr && strcmp(how, way) == 0;
}

template <typename T>
NvmlReturn lie(T value, T* out) {
  if (rogue_is("garbage")) *out = value;
  return kNvmlSuccess;
}

}  // namespace

extern "C" {

NvmlReturn nvmlDeviceGetEccMode(NvmlDevice, unsigned* current, unsigned* pending) {
  lie(kNotFlag, current);
  return lie(~0u, pending);
}

NvmlReturn nvmlDeviceGetTotalEccErrors(NvmlDevice, unsigned, unsigned, unsigned long long* count) {
  return lie(kTooLong, count);
}

NvmlReturn nvmlDeviceGetRemappedRows(NvmlDevice, unsigned* correctable, unsigned* uncorrectable,
                                     unsigned* pending, unsigned* failure) {
  lie(1u, correctable);
  lie(1u, uncorrectable);
  lie(1u, pending);
  return lie(kNotFlag, failure);
}

// Claims more than there is room for, once with success and once with an error.
NvmlReturn nvmlDeviceGetRetiredPages(NvmlDevice, unsigned cause, unsigned* count,
                                     unsigned long long*) {
  lie(cause == gpuprobe::driver::kNvmlRetiredSingleBit ? kTooMany : ~0u, count);
  return cause == gpuprobe::driver::kNvmlRetiredSingleBit ? kNvmlSuccess
                                                          : gpuprobe::driver::kNvmlInsufficientSize;
}

NvmlReturn nvmlDeviceGetRetiredPagesPendingStatus(NvmlDevice, unsigned* pending) {
  return lie(kNotFlag, pending);
}

NvmlReturn nvmlDeviceGetFieldValues(NvmlDevice, int count, NvmlFieldValue* values) {
  for (int i = 0; i < count && !rogue_is("silent"); ++i) {
    values[i].nvml_return = kNvmlSuccess;
    values[i].value_type = rogue_is("fields") ? gpuprobe::driver::kNvmlValueDouble : 0xFFFFFFFFu;
    values[i].value.double_value = 1;
  }
  return kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetCurrPcieLinkGeneration(NvmlDevice, unsigned* generation) {
  return lie(kTooWide, generation);
}

NvmlReturn nvmlDeviceGetMaxPcieLinkGeneration(NvmlDevice, unsigned* generation) {
  return lie(kTooWide, generation);
}

NvmlReturn nvmlDeviceGetCurrPcieLinkWidth(NvmlDevice, unsigned* lanes) {
  return lie(kTooWide, lanes);
}

NvmlReturn nvmlDeviceGetMaxPcieLinkWidth(NvmlDevice, unsigned* lanes) {
  return lie(kTooWide, lanes);
}

NvmlReturn nvmlDeviceGetPcieReplayCounter(NvmlDevice, unsigned* count) { return lie(~0u, count); }

NvmlReturn nvmlDeviceGetTotalEnergyConsumption(NvmlDevice, unsigned long long* millijoules) {
  return lie(kTooLong, millijoules);
}

}  // extern "C"
