// What a device is.
#include "sim/nvml/field_answers.h"

namespace gpuprobe::sim {
namespace {

// A simulated GPU is a whole one: bare metal, one per board, without a display, not partitioned.
constexpr unsigned kNo = 0;
constexpr unsigned kNoVirtualization = 0;

}  // namespace

extern "C" {

NvmlReturn nvmlDeviceGetIndex(NvmlDevice device, unsigned* index) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetIndex, device, &call);
  return refused != 0 ? refused : write_out(call, call.index, index);
}

NvmlReturn nvmlDeviceGetBrand(NvmlDevice device, unsigned* brand) {
  return write_out_reading(Function::nvmlDeviceGetBrand, device, &Device::brand, brand);
}

NvmlReturn nvmlDeviceGetArchitecture(NvmlDevice device, unsigned* architecture) {
  return write_out_reading(Function::nvmlDeviceGetArchitecture, device, &Device::architecture,
                           architecture);
}

NvmlReturn nvmlDeviceGetCudaComputeCapability(NvmlDevice device, int* major, int* minor) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetCudaComputeCapability, device, &call);
  if (refused != 0) return refused;
  if (major == nullptr || minor == nullptr) return driver::kNvmlInvalidArgument;
  const Device& readings = *call.readings;
  const NvmlReturn code =
      write_out(call, static_cast<int>(readings.compute_capability_major), major);
  if (code != 0) return code;
  return write_out(call, static_cast<int>(readings.compute_capability_minor), minor);
}

NvmlReturn nvmlDeviceGetSerial(NvmlDevice device, char* serial, unsigned length) {
  return write_out_device_text(Function::nvmlDeviceGetSerial, device, &Device::serial, serial,
                               length);
}

NvmlReturn nvmlDeviceGetBoardPartNumber(NvmlDevice device, char* number, unsigned length) {
  return write_out_device_text(Function::nvmlDeviceGetBoardPartNumber, device,
                               &Device::board_part_number, number, length);
}

NvmlReturn nvmlDeviceGetVbiosVersion(NvmlDevice device, char* version, unsigned length) {
  return write_out_device_text(Function::nvmlDeviceGetVbiosVersion, device, &Device::vbios_version,
                               version, length);
}

NvmlReturn nvmlDeviceGetDisplayMode(NvmlDevice device, unsigned* enabled) {
  return write_out_constant(Function::nvmlDeviceGetDisplayMode, device, kNo, enabled);
}

NvmlReturn nvmlDeviceGetDisplayActive(NvmlDevice device, unsigned* active) {
  return write_out_constant(Function::nvmlDeviceGetDisplayActive, device, kNo, active);
}

NvmlReturn nvmlDeviceGetMultiGpuBoard(NvmlDevice device, unsigned* multiple) {
  return write_out_constant(Function::nvmlDeviceGetMultiGpuBoard, device, kNo, multiple);
}

NvmlReturn nvmlDeviceGetVirtualizationMode(NvmlDevice device, unsigned* mode) {
  return write_out_constant(Function::nvmlDeviceGetVirtualizationMode, device, kNoVirtualization,
                            mode);
}

// NVML also answers zero, and not an error, on GPUs without MIG.
NvmlReturn nvmlDeviceGetMaxMigDeviceCount(NvmlDevice device, unsigned* count) {
  return write_out_constant(Function::nvmlDeviceGetMaxMigDeviceCount, device, 0, count);
}

NvmlReturn nvmlDeviceIsMigDeviceHandle(NvmlDevice device, unsigned* is_mig) {
  return write_out_constant(Function::nvmlDeviceIsMigDeviceHandle, device, kNo, is_mig);
}

}  // extern "C"

}  // namespace gpuprobe::sim
