#include "probes/nvml_lists.h"

#include <string.h>

#include "driver/text.h"

namespace gpuprobe::probes {
namespace {

using namespace driver;

// Buffer for one list as the driver writes it. Elements may be 32 bytes wide although the API says
// 24 (535.43-535.86), so the buffer is always large enough for the widest. Used for one list at a
// time, by one thread per process.
constexpr unsigned kMaxListed = 8192;
alignas(8) char list_room[kMaxListed * kNvmlProcessInfoWidest];

void read_name(const Nvml& nvml, CurrentCall* where, ProcessRecord* process) {
  char name[256] = "";
  process->name_code = ask<&Nvml::nvmlSystemGetProcessName>(nvml, where, process->pid, name,
                                                            static_cast<unsigned>(sizeof name));
  if (process->name_code == kNvmlSuccess && !copy_driver_text(process->name, name, sizeof name)) {
    process->name_code = kMalformed;
  }
}

// Processes start and exit between calls, so the whole buffer is passed at once: the driver returns
// INSUFFICIENT_SIZE only if even that is too small. _v2 first: its element is 24 bytes in every
// driver that exports it.
template <auto V2, auto V3>
NvmlReturn append_processes(const Nvml& nvml, CurrentCall* where, ProcessKind kind,
                            NvmlDevice handle, DeviceRecord* device, Snapshot* snapshot) {
  auto* room = reinterpret_cast<NvmlProcessInfo*>(list_room);
  unsigned count = kMaxListed;
  const NvmlReturn code = nvml.*V2 != nullptr ? ask<V2>(nvml, where, handle, &count, room)
                                              : ask<V3>(nvml, where, handle, &count, room);
  if (code != kNvmlSuccess) return code == kNvmlInsufficientSize ? kTruncated : code;
  // mutation: list-bound
  if (count > kMaxListed) return kMalformed;
  for (unsigned i = 0; i < count; ++i) {
    if (snapshot->header.process_count == kMaxProcesses) return kTruncated;
    NvmlProcessInfo info;
    memcpy(&info, list_room + i * sizeof info, sizeof info);
    ProcessRecord& process = snapshot->processes[snapshot->header.process_count++];
    process = {};
    process.pid = info.pid;
    process.kind = kind;
    process.used_bytes = static_cast<double>(info.used_gpu_memory);
    process.used_code = info.used_gpu_memory == kNvmlValueNotAvailable ? kNotAvailable : 0;
    read_name(nvml, where, &process);
    ++device->process_count;
  }
  return kNvmlSuccess;
}

}  // namespace

void read_encoder_sessions(const Nvml& nvml, CurrentCall* where, NvmlDevice handle,
                           DeviceRecord* device, Snapshot* snapshot) {
  device->first_session = snapshot->header.session_count;
  device->session_count = 0;
  constexpr unsigned kRoom = sizeof list_room / sizeof(NvmlEncoderSessionInfo);
  unsigned count = kRoom;
  device->sessions_code = ask<&Nvml::nvmlDeviceGetEncoderSessions>(
      nvml, where, handle, &count, reinterpret_cast<NvmlEncoderSessionInfo*>(list_room));
  if (device->sessions_code == kNvmlInsufficientSize) device->sessions_code = kTruncated;
  // mutation: session-bound
  if (device->sessions_code == kNvmlSuccess && count > kRoom) device->sessions_code = kMalformed;
  if (device->sessions_code != kNvmlSuccess) return;
  for (unsigned i = 0; i < count; ++i) {
    if (snapshot->header.session_count == kMaxEncoderSessions) {
      device->sessions_code = kTruncated;
      return;
    }
    NvmlEncoderSessionInfo info;
    memcpy(&info, list_room + i * sizeof info, sizeof info);
    snapshot->sessions[snapshot->header.session_count++] = {
        info.session_id,   info.pid,         info.codec_type,      info.h_resolution,
        info.v_resolution, info.average_fps, info.average_latency, 0};
    ++device->session_count;
  }
}

void read_processes(const Nvml& nvml, CurrentCall* where, NvmlDevice handle, DeviceRecord* device,
                    Snapshot* snapshot) {
  device->first_process = snapshot->header.process_count;
  device->process_count = 0;
  const NvmlReturn compute = append_processes<&Nvml::nvmlDeviceGetComputeRunningProcesses_v2,
                                              &Nvml::nvmlDeviceGetComputeRunningProcesses_v3>(
      nvml, where, ProcessKind::compute, handle, device, snapshot);
  const NvmlReturn graphics = append_processes<&Nvml::nvmlDeviceGetGraphicsRunningProcesses_v2,
                                               &Nvml::nvmlDeviceGetGraphicsRunningProcesses_v3>(
      nvml, where, ProcessKind::graphics, handle, device, snapshot);
  const NvmlReturn mps = append_processes<&Nvml::nvmlDeviceGetMPSComputeRunningProcesses_v2,
                                          &Nvml::nvmlDeviceGetMPSComputeRunningProcesses_v3>(
      nvml, where, ProcessKind::mps_compute, handle, device, snapshot);
  // A device without a graphics or MPS list has no such processes. Without a compute list, the
  // processes are unknown.
  const auto absent = [](NvmlReturn code) {
    return code == kNvmlNotSupported || code == kNvmlFunctionNotFound;
  };
  device->processes_code = compute;
  if (device->processes_code == kNvmlSuccess && !absent(graphics))
    device->processes_code = graphics;
  if (device->processes_code == kNvmlSuccess && !absent(mps)) device->processes_code = mps;
}

}  // namespace gpuprobe::probes
