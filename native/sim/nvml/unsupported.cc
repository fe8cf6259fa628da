// Functions that no scenario describes. Every device returns NOT_SUPPORTED, as a GeForce does for
// most of them: a missing function would be "Function Not Found" in a reader's table.
#include "sim/nvml/open_state.h"

namespace gpuprobe::sim {
namespace {

NvmlReturn refuse(Function function, NvmlDevice device) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  return refused != 0 ? refused : driver::kNvmlNotSupported;
}

}  // namespace

extern "C" {

#define GPUPROBE_SIM_UNSUPPORTED(name, ...) \
  NvmlReturn name(NvmlDevice device, __VA_ARGS__) { return refuse(Function::name, device); }
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetMigDeviceHandleByIndex, unsigned, NvmlDevice*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetAccountingMode, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetAccountingBufferSize, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetAccountingPids, unsigned*, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetApplicationsClock, unsigned, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetDefaultApplicationsClock, unsigned, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetAutoBoostedClocksEnabled, unsigned*, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetClock, unsigned, unsigned, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetSupportedMemoryClocks, unsigned*, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetBoardId, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetBridgeChipInfo, void*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetConfComputeProtectedMemoryUsage, void*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetDriverModel, unsigned*, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetFBCStats, void*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetGpuFabricInfo, void*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetGpuOperationMode, unsigned*, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetGridLicensableFeatures_v4, void*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetGspFirmwareVersion, char*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetGspFirmwareMode, unsigned*, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetHostVgpuMode, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetInforomImageVersion, char*, unsigned)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetInforomVersion, unsigned, char*, unsigned)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetLastBBXFlushTime, unsigned long long*, unsigned long*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetJpgUtilization, unsigned*, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetOfaUtilization, unsigned*, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetModuleId, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetRowRemapperHistogram, void*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetSamples, unsigned, unsigned long long, unsigned*, unsigned*,
                         void*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetSramEccErrorStatus, void*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetVgpuCapabilities, unsigned, unsigned*)
GPUPROBE_SIM_UNSUPPORTED(nvmlDeviceGetViolationStatus, unsigned, void*)
#undef GPUPROBE_SIM_UNSUPPORTED

NvmlReturn nvmlGetVgpuDriverCapabilities(unsigned, unsigned*) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlGetVgpuDriverCapabilities, &call);
  return refused != 0 ? refused : driver::kNvmlNotSupported;
}

}  // extern "C"

}  // namespace gpuprobe::sim
