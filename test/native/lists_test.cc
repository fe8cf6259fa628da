// The lists probe against a driver that reports more entries than there is room for.
#include <cstring>

#include "check.h"
#include "probes/nvml_lists.h"

namespace {

using namespace gpuprobe::driver;
using namespace gpuprobe::probes;

Snapshot snapshot;
unsigned said;  // how many the driver claims to have written

NvmlReturn list_processes(NvmlDevice, unsigned* count, NvmlProcessInfo*) {
  *count = said;
  return kNvmlSuccess;
}

NvmlReturn list_sessions(NvmlDevice, unsigned* count, NvmlEncoderSessionInfo*) {
  *count = said;
  return kNvmlSuccess;
}

const DeviceRecord& read(unsigned count) {
  static CurrentCall where;
  Nvml nvml = {};
  nvml.nvmlDeviceGetComputeRunningProcesses_v2 = list_processes;
  nvml.nvmlDeviceGetEncoderSessions = list_sessions;
  said = count;
  snapshot.header.process_count = snapshot.header.session_count = 0;
  DeviceRecord* device = &snapshot.devices[0];
  read_processes(nvml, &where, nullptr, device, &snapshot);
  read_encoder_sessions(nvml, &where, nullptr, device, &snapshot);
  return *device;
}

TEST("as many as are listed are read") {
  const DeviceRecord& device = read(3);
  CHECK_EQ(0, device.processes_code);
  CHECK_EQ(0, device.sessions_code);
  CHECK_EQ(3u, device.process_count);
  CHECK_EQ(3u, device.session_count);
}

// Nothing of such a list is used: if it claims more than the room it was given, the rest is
// whatever lies behind that room.
TEST("a count beyond the room that was given is malformed") {
  for (const unsigned count : {100'000u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    const DeviceRecord& device = read(count);
    CHECK_EQ(static_cast<std::int32_t>(kMalformed), device.processes_code);
    CHECK_EQ(static_cast<std::int32_t>(kMalformed), device.sessions_code);
    CHECK_EQ(0u, snapshot.header.process_count);
    CHECK_EQ(0u, snapshot.header.session_count);
  }
}

}  // namespace
