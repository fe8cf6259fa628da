// Readings of one device.
#include <string.h>

#include "driver/text.h"
#include "sim/nvml/field_answers.h"
#include "sim/nvml/readings.h"

namespace gpuprobe::sim {
namespace {

constexpr unsigned kSamplingPeriodUs = 167000;
constexpr unsigned kClockGraphics = 0;
constexpr unsigned kClockVideo = 3;
constexpr std::size_t kLongDomainExtra =
    4;  // additional digits of an 8-digit PCI domain over the legacy form
constexpr std::size_t kPciInfoV2Bytes = 52;

NvmlReturn write_out_clock_reasons(Function function, NvmlDevice device, unsigned long long* out) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  if (refused != 0) return refused;
  return write_out<unsigned long long>(call, call.readings->clock_event_reasons, out);
}

NvmlReturn write_out_codec_use(const NvmlCall& call, unsigned value, unsigned* percent,
                               unsigned* sampling_period_us) {
  if (percent == nullptr || sampling_period_us == nullptr) return driver::kNvmlInvalidArgument;
  if (is_split(*call.readings)) return driver::kNvmlNotSupported;
  write_out(call, kSamplingPeriodUs, sampling_period_us);
  return write_out(call, value, percent);
}

// `bytes` is how much of it that version of the function writes.
NvmlReturn write_out_pci_info(Function function, NvmlDevice device, NvmlPciInfo* info,
                              std::size_t bytes) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  if (refused != 0) return refused;
  if (info == nullptr) return driver::kNvmlInvalidArgument;
  const Device& readings = *call.readings;
  NvmlPciInfo answer = {};
  if (readings.pci_bus_id[0] != '\0') {
    driver::copy_text(answer.bus_id, readings.pci_bus_id);
    driver::copy_text(answer.bus_id_legacy, readings.pci_bus_id + kLongDomainExtra);
    answer.domain = readings.pci.domain;
    answer.bus = readings.pci.bus;
    answer.device = readings.pci.device;
    answer.pci_device_id = readings.pci_device_id;
    answer.pci_sub_system_id = readings.pci_subsystem_id;
  }
  corrupt_text(call, answer.bus_id, sizeof answer.bus_id);
  corrupt_text(call, answer.bus_id_legacy, sizeof answer.bus_id_legacy);
  answer = corrupt(call, answer);
  memcpy(info, &answer, bytes);
  return driver::kNvmlSuccess;
}

}  // namespace

extern "C" {

NvmlReturn nvmlDeviceGetName(NvmlDevice device, char* name, unsigned length) {
  return write_out_device_text(Function::nvmlDeviceGetName, device, &Device::name, name, length);
}

NvmlReturn nvmlDeviceGetUUID(NvmlDevice device, char* uuid, unsigned length) {
  return write_out_device_text(Function::nvmlDeviceGetUUID, device, &Device::uuid, uuid, length);
}

NvmlReturn nvmlDeviceGetPciInfo_v2(NvmlDevice device, NvmlPciInfo* info) {
  return write_out_pci_info(Function::nvmlDeviceGetPciInfo_v2, device, info, kPciInfoV2Bytes);
}

NvmlReturn nvmlDeviceGetPciInfo_v3(NvmlDevice device, NvmlPciInfo* info) {
  return write_out_pci_info(Function::nvmlDeviceGetPciInfo_v3, device, info, sizeof *info);
}

NvmlReturn nvmlDeviceGetMinorNumber(NvmlDevice device, unsigned* minor) {
  return write_out_reading(Function::nvmlDeviceGetMinorNumber, device, &Device::minor, minor);
}

NvmlReturn nvmlDeviceGetMemoryInfo(NvmlDevice device, NvmlMemory* memory) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetMemoryInfo, device, &call);
  if (refused != 0) return refused;
  const std::uint64_t total = call.readings->total_bytes;
  const std::uint64_t used = allocated_bytes(call) + call.readings->reserved_bytes;
  return write_out(call, NvmlMemory{total, total - used, used}, memory);
}

NvmlReturn nvmlDeviceGetMemoryInfo_v2(NvmlDevice device, NvmlMemoryV2* memory) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetMemoryInfo_v2, device, &call);
  if (refused != 0) return refused;
  if (memory == nullptr) return driver::kNvmlInvalidArgument;
  if (memory->version != driver::kNvmlMemoryV2Version) return kNvmlArgumentVersionMismatch;
  const std::uint64_t used = allocated_bytes(call);
  const std::uint64_t total = call.readings->total_bytes;
  const std::uint64_t reserved = call.readings->reserved_bytes;
  return write_out(
      call, NvmlMemoryV2{memory->version, total, reserved, total - reserved - used, used}, memory);
}

NvmlReturn nvmlDeviceGetUtilizationRates(NvmlDevice device, NvmlUtilization* utilization) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetUtilizationRates, device, &call);
  if (refused != 0) return refused;
  if (is_split(*call.readings)) return driver::kNvmlNotSupported;
  return write_out(call, NvmlUtilization{call.readings->gpu_percent, call.readings->memory_percent},
                   utilization);
}

NvmlReturn nvmlDeviceGetEncoderUtilization(NvmlDevice device, unsigned* percent,
                                           unsigned* sampling_period_us) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetEncoderUtilization, device, &call);
  if (refused != 0) return refused;
  if (call.readings->encoder_absent != 0) return driver::kNvmlNotSupported;
  return write_out_codec_use(call, call.readings->encoder_percent, percent, sampling_period_us);
}

NvmlReturn nvmlDeviceGetDecoderUtilization(NvmlDevice device, unsigned* percent,
                                           unsigned* sampling_period_us) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetDecoderUtilization, device, &call);
  if (refused != 0) return refused;
  return write_out_codec_use(call, call.readings->decoder_percent, percent, sampling_period_us);
}

NvmlReturn nvmlDeviceGetTemperature(NvmlDevice device, unsigned sensor, unsigned* celsius) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetTemperature, device, &call);
  if (refused != 0) return refused;
  if (sensor != driver::kNvmlTemperatureGpu) return driver::kNvmlInvalidArgument;
  return write_out(call, call.readings->celsius, celsius);
}

NvmlReturn nvmlDeviceGetPowerUsage(NvmlDevice device, unsigned* milliwatts) {
  return write_out_reading(Function::nvmlDeviceGetPowerUsage, device, &Device::milliwatts,
                           milliwatts);
}

NvmlReturn nvmlDeviceGetEnforcedPowerLimit(NvmlDevice device, unsigned* milliwatts) {
  return write_out_reading(Function::nvmlDeviceGetEnforcedPowerLimit, device,
                           &Device::limit_milliwatts, milliwatts);
}

NvmlReturn nvmlDeviceGetClockInfo(NvmlDevice device, unsigned domain, unsigned* megahertz) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetClockInfo, device, &call);
  if (refused != 0) return refused;
  switch (domain) {
    case kClockGraphics:
    case driver::kNvmlClockSm:
      return write_out(call, call.readings->sm_megahertz, megahertz);
    case driver::kNvmlClockMemory:
      return write_out(call, call.readings->memory_megahertz, megahertz);
    case kClockVideo:
      return write_out(call, call.readings->video_megahertz, megahertz);
    default:
      return driver::kNvmlInvalidArgument;
  }
}

NvmlReturn nvmlDeviceGetCurrentClocksEventReasons(NvmlDevice device, unsigned long long* reasons) {
  return write_out_clock_reasons(Function::nvmlDeviceGetCurrentClocksEventReasons, device, reasons);
}

NvmlReturn nvmlDeviceGetCurrentClocksThrottleReasons(NvmlDevice device,
                                                     unsigned long long* reasons) {
  return write_out_clock_reasons(Function::nvmlDeviceGetCurrentClocksThrottleReasons, device,
                                 reasons);
}

NvmlReturn nvmlDeviceGetComputeMode(NvmlDevice device, unsigned* mode) {
  return write_out_reading(Function::nvmlDeviceGetComputeMode, device, &Device::compute_mode, mode);
}

NvmlReturn nvmlDeviceGetPersistenceMode(NvmlDevice device, unsigned* mode) {
  return write_out_reading(Function::nvmlDeviceGetPersistenceMode, device,
                           &Device::persistence_mode, mode);
}

NvmlReturn nvmlDeviceGetMigMode(NvmlDevice device, unsigned* current, unsigned* pending) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetMigMode, device, &call);
  if (refused != 0) return refused;
  if (current == nullptr || pending == nullptr) return driver::kNvmlInvalidArgument;
  if (call.readings->mig_mode == kNull32) return driver::kNvmlNotSupported;
  write_out(call, call.readings->mig_mode, pending);
  return write_out(call, call.readings->mig_mode, current);
}

}  // extern "C"

}  // namespace gpuprobe::sim
