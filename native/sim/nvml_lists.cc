// Lists of one device: encoder sessions, and the processes on it.
#include "sim/nvml_process.h"

namespace gpuprobe::sim {
namespace {

std::uint32_t count_processes(const Device& device, ProcessKind kind) {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < device.process_count; ++i) {
    count += device.processes[i].kind == kind;
  }
  return count;
}

// A query of the length (0) is answered INSUFFICIENT_SIZE unless there is nothing to list; a
// simulator that answers SUCCESS hides processes from readers that wait for the 7.
NvmlReturn list_processes(Function function, ProcessKind kind, NvmlDevice device, unsigned* count,
                          NvmlProcessInfo* out) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  if (refused != 0) return refused;
  if (count == nullptr) return driver::kNvmlInvalidArgument;
  const unsigned room = *count;
  const Device& readings = *call.readings;
  *count = count_processes(readings, kind);
  if (*count == 0) return driver::kNvmlSuccess;
  if (room < *count) return driver::kNvmlInsufficientSize;
  if (out == nullptr) return driver::kNvmlInvalidArgument;
  for (std::uint32_t i = 0; i < readings.process_count; ++i) {
    const Process& process = readings.processes[i];
    if (process.kind != kind) continue;
    *out++ = {process.pid, process.used_bytes, kNoMigInstance, kNoMigInstance};
  }
  return driver::kNvmlSuccess;
}

}  // namespace

extern "C" {

NvmlReturn nvmlDeviceGetEncoderStats(NvmlDevice device, unsigned* sessions, unsigned* average_fps,
                                     unsigned* average_latency_us) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetEncoderStats, device, &call);
  if (refused != 0) return refused;
  if (sessions == nullptr || average_fps == nullptr || average_latency_us == nullptr) {
    return driver::kNvmlInvalidArgument;
  }
  if (call.readings->encoder_absent != 0) return driver::kNvmlNotSupported;
  *sessions = call.readings->session_count;
  *average_fps = call.readings->encoder_average_fps;
  *average_latency_us = call.readings->encoder_average_latency_us;
  return driver::kNvmlSuccess;
}

// Unlike the process lists, a query of the length (0) is a SUCCESS.
NvmlReturn nvmlDeviceGetEncoderSessions(NvmlDevice device, unsigned* count,
                                        NvmlEncoderSessionInfo* sessions) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetEncoderSessions, device, &call);
  if (refused != 0) return refused;
  if (count == nullptr) return driver::kNvmlInvalidArgument;
  const Device& readings = *call.readings;
  if (readings.encoder_absent != 0) return driver::kNvmlNotSupported;
  const unsigned room = *count;
  *count = readings.session_count;
  if (room == 0) return driver::kNvmlSuccess;
  if (room < readings.session_count) return driver::kNvmlInsufficientSize;
  if (sessions == nullptr) return driver::kNvmlInvalidArgument;
  for (std::uint32_t i = 0; i < readings.session_count; ++i) {
    const EncoderSession& session = readings.sessions[i];
    sessions[i] = {session.session_id,
                   session.pid,
                   0,
                   session.codec,
                   session.width,
                   session.height,
                   session.average_fps,
                   session.average_latency_us};
  }
  return driver::kNvmlSuccess;
}

#define GPUPROBE_SIM_PROCESS_LIST(name, kind)                                           \
  NvmlReturn name(NvmlDevice device, unsigned* count, NvmlProcessInfo* processes) {     \
    return list_processes(Function::name, ProcessKind::kind, device, count, processes); \
  }
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses_v2, compute)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses_v3, compute)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, graphics)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, graphics)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses_v2, mps_compute)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, mps_compute)
#undef GPUPROBE_SIM_PROCESS_LIST

}  // extern "C"

}  // namespace gpuprobe::sim
