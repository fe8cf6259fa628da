// Readings that gpuprobe does not use, and the limits of those that it does.
#include "sim/nvml/field_answers.h"
#include "sim/nvml/health.h"

namespace gpuprobe::sim {
namespace {

constexpr unsigned kEnabled = 1;
constexpr unsigned long long kEveryClockReason = 0x1FF;
constexpr unsigned kClockGraphics = 0;
constexpr unsigned kClockVideo = 3;

}  // namespace

extern "C" {

NvmlReturn nvmlDeviceGetBAR1MemoryInfo(NvmlDevice device, NvmlBar1Memory* memory) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetBAR1MemoryInfo, device, &call);
  if (refused != 0) return refused;
  const std::uint64_t total = call.readings->bar1_total_bytes;
  const std::uint64_t used = call.readings->bar1_used_bytes;
  return write_out(call, NvmlBar1Memory{total, total - used, used}, memory);
}

NvmlReturn nvmlDeviceGetFanSpeed(NvmlDevice device, unsigned* percent) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetFanSpeed, device, &call);
  return refused != 0 ? refused : write_out_known(call, call.readings->fan_percent, percent);
}

NvmlReturn nvmlDeviceGetPerformanceState(NvmlDevice device, unsigned* state) {
  return write_out_reading(Function::nvmlDeviceGetPerformanceState, device,
                           &Device::performance_state, state);
}

// The older name of the same function.
NvmlReturn nvmlDeviceGetPowerState(NvmlDevice device, unsigned* state) {
  return write_out_reading(Function::nvmlDeviceGetPowerState, device, &Device::performance_state,
                           state);
}

NvmlReturn nvmlDeviceGetMaxClockInfo(NvmlDevice device, unsigned domain, unsigned* megahertz) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetMaxClockInfo, device, &call);
  if (refused != 0) return refused;
  switch (domain) {
    case kClockGraphics:
    case driver::kNvmlClockSm:
      return write_out(call, call.readings->max_sm_megahertz, megahertz);
    case driver::kNvmlClockMemory:
      return write_out(call, call.readings->max_memory_megahertz, megahertz);
    case kClockVideo:
      return write_out(call, call.readings->max_video_megahertz, megahertz);
    default:
      return driver::kNvmlInvalidArgument;
  }
}

NvmlReturn nvmlDeviceGetSupportedClocksThrottleReasons(NvmlDevice device,
                                                       unsigned long long* reasons) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetSupportedClocksThrottleReasons, device, &call);
  return refused != 0 ? refused : write_out(call, kEveryClockReason, reasons);
}

NvmlReturn nvmlDeviceGetPowerManagementMode(NvmlDevice device, unsigned* enabled) {
  return write_out_constant(Function::nvmlDeviceGetPowerManagementMode, device, kEnabled, enabled);
}

NvmlReturn nvmlDeviceGetPowerManagementLimit(NvmlDevice device, unsigned* milliwatts) {
  return write_out_reading(Function::nvmlDeviceGetPowerManagementLimit, device,
                           &Device::limit_milliwatts, milliwatts);
}

NvmlReturn nvmlDeviceGetPowerManagementDefaultLimit(NvmlDevice device, unsigned* milliwatts) {
  return write_out_reading(Function::nvmlDeviceGetPowerManagementDefaultLimit, device,
                           &Device::default_limit_milliwatts, milliwatts);
}

NvmlReturn nvmlDeviceGetPowerManagementLimitConstraints(NvmlDevice device, unsigned* least,
                                                        unsigned* most) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetPowerManagementLimitConstraints, device, &call);
  if (refused != 0) return refused;
  if (least == nullptr || most == nullptr) return driver::kNvmlInvalidArgument;
  const NvmlReturn code = write_out(call, call.readings->min_limit_milliwatts, least);
  return code != 0 ? code : write_out(call, call.readings->max_limit_milliwatts, most);
}

NvmlReturn nvmlDeviceGetTemperatureThreshold(NvmlDevice device, unsigned threshold,
                                             unsigned* celsius) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetTemperatureThreshold, device, &call);
  if (refused != 0) return refused;
  switch (threshold) {
    case kNvmlTemperatureThresholdShutdown:
      return write_out_known(call, call.readings->shutdown_celsius, celsius);
    case kNvmlTemperatureThresholdSlowdown:
      return write_out_known(call, call.readings->slowdown_celsius, celsius);
    case kNvmlTemperatureThresholdGpuMax:
      return write_out_known(call, call.readings->max_operating_celsius, celsius);
    default:
      return threshold < kNvmlTemperatureThresholdCount ? driver::kNvmlNotSupported
                                                        : driver::kNvmlInvalidArgument;
  }
}

NvmlReturn nvmlDeviceGetPcieThroughput(NvmlDevice device, unsigned counter,
                                       unsigned* kilobytes_per_second) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetPcieThroughput, device, &call);
  if (refused != 0) return refused;
  switch (counter) {
    case kNvmlPcieTransmitted:
      return write_out(call, call.readings->pcie_tx_kilobytes, kilobytes_per_second);
    case kNvmlPcieReceived:
      return write_out(call, call.readings->pcie_rx_kilobytes, kilobytes_per_second);
    default:
      return driver::kNvmlInvalidArgument;
  }
}

// For the device alone; nvmlDeviceGetMaxPcieLinkGeneration is for the device in its slot.
NvmlReturn nvmlDeviceGetGpuMaxPcieLinkGeneration(NvmlDevice device, unsigned* generation) {
  return write_out_reading(Function::nvmlDeviceGetGpuMaxPcieLinkGeneration, device,
                           &Device::pcie_max_generation, generation);
}

// A scenario counts errors by kind, without a location; they are taken to be in device memory.
// Locations other than that and SRAM exist only before Turing.
NvmlReturn nvmlDeviceGetMemoryErrorCounter(NvmlDevice device, unsigned error, unsigned counter,
                                           unsigned location, unsigned long long* count) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetMemoryErrorCounter, device, &call);
  if (refused != 0) return refused;
  if (!is_ecc_count(error, counter)) return driver::kNvmlInvalidArgument;
  if (!has_ecc_counts(call)) return driver::kNvmlNotSupported;
  if (location == kNvmlLocationSram) return write_out(call, 0ull, count);
  if (location != kNvmlLocationDram) return driver::kNvmlNotSupported;
  return write_out<unsigned long long>(call, ecc_errors(call, error, counter), count);
}

}  // extern "C"

}  // namespace gpuprobe::sim
