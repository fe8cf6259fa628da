// What NVML says about the driver, and about processes by pid.
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "sim/engine/timed.h"
#include "sim/nvml/open_state.h"
#include "sim/nvml/readings.h"

namespace gpuprobe::sim {
namespace {

// The library's own version, used if the machine has no driver to read it from: user space stays
// installed.
constexpr char kNvmlVersionWithoutDriver[] = "12.535.261.03";

const char* find_in_scenario(const NvmlCall& call, std::uint32_t index, unsigned pid) {
  const Device& device = *readings_of(*call.world, index);
  for (std::uint32_t i = 0; i < device.process_count; ++i) {
    const Process& process = device.processes[i];
    const std::uint64_t ms = is_timed(process) ? readings_ms(call) : 0;
    if (process.pid == pid && exists(process, ms)) return process.name;
  }
  return nullptr;
}

bool holds_context(NvmlCall* call, std::uint32_t index, unsigned pid) {
  ContextOwner owners[kContextsPerDevice];
  call->index = index;
  const std::uint32_t count = list_live_owners(*call, owners);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (owners[i].pid == static_cast<pid_t>(pid)) return true;
  }
  return false;
}

// Reads the program of a process on this system. Returns false if it has exited, or its
// program cannot be read.
bool read_program_name(unsigned pid, char* out, std::size_t size) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%u/exe", pid);
  const ssize_t got = readlink(path, out, size - 1);
  if (got > 0) out[got] = '\0';
  return got > 0;
}

}  // namespace

extern "C" {

NvmlReturn nvmlSystemGetDriverVersion(char* version, unsigned length) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlSystemGetDriverVersion, &call);
  return refused != 0 ? refused
                      : write_out_text(call, call.world->machine->driver_version, version, length);
}

// Answers before initialisation, without a driver, and while another nvmlInit hangs.
NvmlReturn nvmlSystemGetNVMLVersion(char* version, unsigned length) {
  NvmlCall call;
  const char* text = nullptr;
  if (call.seen.enter()) {
    const int fault = inject_fault(Function::nvmlSystemGetNVMLVersion, call, &other_lock);
    if (fault != 0) return fault;
    text = call.world->machine->nvml_version;
  }
  return write_out_text(call, text != nullptr ? text : kNvmlVersionWithoutDriver, version, length);
}

NvmlReturn nvmlSystemGetCudaDriverVersion_v2(int* version) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlSystemGetCudaDriverVersion_v2, &call);
  if (refused != 0) return refused;
  return write_out(call, static_cast<int>(call.world->machine->cuda_version), version);
}

NvmlReturn nvmlSystemGetProcessName(unsigned pid, char* name, unsigned length) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlSystemGetProcessName, &call);
  if (refused != 0) return refused;
  char program[PATH_MAX];
  for (std::uint32_t i = 0; i < call.world->machine->device_count; ++i) {
    const char* text = find_in_scenario(call, i, pid);
    const bool live = text == nullptr && holds_context(&call, i, pid);
    if (live && read_program_name(pid, program, sizeof program)) text = program;
    if (text != nullptr) return write_out_text(call, text, name, length);
  }
  return kNvmlNotFound;
}

}  // extern "C"

}  // namespace gpuprobe::sim
