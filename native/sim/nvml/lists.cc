// Lists of one device: encoder sessions, and the processes on it.
#include <string.h>

#include "sim/engine/timed.h"
#include "sim/engine/versions.h"
#include "sim/nvml/open_state.h"
#include "sim/nvml/readings.h"

namespace gpuprobe::sim {
namespace {

// The device's scenario at the time of the call's readings. The clock is read only if a process has
// times.
class Listing {
 public:
  explicit Listing(const NvmlCall& call)
      : device_(*call.readings), ms_(device_.timed_process_count > 0 ? readings_ms(call) : 0) {}

  bool has(std::uint32_t process, ProcessKind kind) const {
    return device_.processes[process].kind == kind && exists(device_.processes[process], ms_);
  }
  std::uint32_t count(ProcessKind kind) const {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < device_.process_count; ++i) count += has(i, kind);
    return count;
  }
  bool has_session(std::uint32_t session) const {
    return exists(device_, device_.sessions[session], ms_);
  }
  std::uint32_t session_count() const {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < device_.session_count; ++i) count += has_session(i);
    return count;
  }

 private:
  const Device& device_;
  std::uint64_t ms_;
};

// Wide elements end with the number of bytes of protected memory, which is 0.
void write_process(void* element, std::size_t stride, const NvmlProcessInfo& info) {
  memset(element, 0, stride);
  memcpy(element, &info, sizeof info);
}

// A query of the length (count 0) returns INSUFFICIENT_SIZE unless the list is empty. A simulator
// that returns SUCCESS would hide processes from readers that wait for the 7.
NvmlReturn list_processes(Function function, ProcessKind kind, bool may_be_wide, NvmlDevice device,
                          unsigned* count, NvmlProcessInfo* out) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  if (refused != 0) return refused;
  const bool wide = may_be_wide && writes_wide_processes(*call.world->machine);
  const std::size_t stride = wide ? driver::kNvmlProcessInfoWidest : sizeof *out;
  const Listing listing(call);
  ContextOwner owners[kContextsPerDevice];
  const std::uint32_t live = kind == ProcessKind::compute ? list_live_owners(call, owners) : 0;
  std::uint32_t next = 0;
  std::uint32_t next_live = 0;
  const auto write = [&](void* element) {
    const std::uint32_t all = call.readings->process_count;
    while (next < all && !listing.has(next, kind)) ++next;
    NvmlProcessInfo info = {0, 0, kNoMigInstance, kNoMigInstance};
    if (next < all) {
      info.pid = call.readings->processes[next].pid;
      info.used_gpu_memory = call.readings->processes[next++].used_bytes;
    } else {
      info.pid = static_cast<std::uint32_t>(owners[next_live].pid);
      info.used_gpu_memory = owners[next_live++].bytes;
    }
    write_process(element, stride, info);
  };
  const ListOut list = {count, out, stride, driver::kNvmlInsufficientSize};
  return write_out_list(call, list, listing.count(kind) + live, write);
}

}  // namespace

extern "C" {

// Averages are over the existing sessions.
NvmlReturn nvmlDeviceGetEncoderStats(NvmlDevice device, unsigned* sessions, unsigned* average_fps,
                                     unsigned* average_latency_us) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetEncoderStats, device, &call);
  if (refused != 0) return refused;
  if (sessions == nullptr || average_fps == nullptr || average_latency_us == nullptr) {
    return driver::kNvmlInvalidArgument;
  }
  const Device& readings = *call.readings;
  if (readings.encoder_absent != 0 || is_split(readings)) return driver::kNvmlNotSupported;
  const std::uint32_t count = Listing(call).session_count();
  const bool all_gone = count == 0 && readings.session_count > 0;
  write_out(call, count, sessions);
  write_out(call, all_gone ? 0 : readings.encoder_average_fps, average_fps);
  return write_out(call, all_gone ? 0 : readings.encoder_average_latency_us, average_latency_us);
}

// Unlike in the process lists, a query of the length (count 0) returns SUCCESS.
NvmlReturn nvmlDeviceGetEncoderSessions(NvmlDevice device, unsigned* count,
                                        NvmlEncoderSessionInfo* sessions) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetEncoderSessions, device, &call);
  if (refused != 0) return refused;
  const Device& readings = *call.readings;
  if (readings.encoder_absent != 0 || is_split(readings)) return driver::kNvmlNotSupported;
  const Listing listing(call);
  std::uint32_t next = 0;
  const auto write = [&](void* element) {
    while (!listing.has_session(next)) ++next;
    const EncoderSession& session = readings.sessions[next++];
    const NvmlEncoderSessionInfo info = {session.session_id,
                                         session.pid,
                                         0,
                                         session.codec,
                                         session.width,
                                         session.height,
                                         session.average_fps,
                                         session.average_latency_us};
    memcpy(element, &info, sizeof info);
  };
  const ListOut list = {count, sessions, sizeof *sessions, driver::kNvmlSuccess};
  return write_out_list(call, list, listing.session_count(), write);
}

#define GPUPROBE_SIM_PROCESS_LIST(name, kind, may_be_wide)                               \
  NvmlReturn name(NvmlDevice device, unsigned* count, NvmlProcessInfo* processes) {      \
    return list_processes(Function::name, ProcessKind::kind, may_be_wide, device, count, \
                          processes);                                                    \
  }
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses_v2, compute, false)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses_v3, compute, true)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, graphics, false)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, graphics, true)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses_v2, mps_compute, false)
GPUPROBE_SIM_PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, mps_compute, true)
#undef GPUPROBE_SIM_PROCESS_LIST

}  // extern "C"

}  // namespace gpuprobe::sim
