// Simulated machines for the tests, in the format of the simulator and the warden.
#pragma once

#include <string>

#include "check.h"
#include "sim/format/machine_file.h"

namespace gpuprobe::test {

inline constexpr char kHead[] =
    "format=2\ndriver.version=535.261.03\ndriver.nvmlVersion=12.535.261.03\n"
    "driver.cudaVersion=12020\n";
inline constexpr char kTwoDevices[] = "devices=2\n";
inline constexpr char kDevice0[] =
    "devices.0.name=GPU zero\ndevices.0.uuid=GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01\n"
    "devices.0.pciBusId=00000000:01:00.0\ndevices.0.minor=0\ndevices.0.memory.totalBytes=1000\n"
    "devices.0.memory.usedBytes=100\ndevices.0.memory.reservedBytes=50\n"
    "devices.0.temperatureCelsius=54\ndevices.0.clockEventReasons=4\ndevices.0.migMode=null\n"
    "devices.0.contextBytes=200\ndevices.0.encoder={}\ndevices.0.encoder.averageFps=60\n"
    "devices.0.encoder.sessions=2\n"
    "devices.0.encoder.sessions.0.sessionId=7\ndevices.0.encoder.sessions.0.pid=41\n"
    "devices.0.encoder.sessions.0.width=1920\ndevices.0.encoder.sessions.1.sessionId=8\n"
    "devices.0.processes=3\n"
    "devices.0.processes.0.pid=41\ndevices.0.processes.0.kind=compute\n"
    "devices.0.processes.0.usedBytes=60\ndevices.0.processes.0.name=streamer\n"
    "devices.0.processes.1.pid=42\ndevices.0.processes.1.kind=mps-compute\n"
    "devices.0.processes.1.usedBytes=null\ndevices.0.processes.2.pid=43\n"
    "devices.0.processes.2.name=\n";
inline constexpr char kDevice1[] =
    "devices.1.name=GPU one\ndevices.1.uuid=GPU-8e0f6c1a-2d3b-4c5d-8e9f-1a2b3c4d5e02\n"
    "devices.1.pciBusId=00000001:41:00.0\ndevices.1.minor=3\ndevices.1.memory.totalBytes=1000\n"
    "devices.1.migMode=1\ndevices.1.contextBytes=200\ndevices.1.encoder=null\n";

// In real time, starting at 0, unless the test is about the scenario's speed.
inline int make_world(const std::string& text, std::uint32_t speed = sim::kMinSpeed,
                      std::uint64_t start_ms = 0) {
  const int fd = sim::create_world({text.data(), text.size()}, {"{}", 2}, speed, start_ms);
  CHECK(fd >= 0);
  return fd;
}

// Returns the text of a machine with both devices and the lines in `more`.
inline std::string healthy_text(const std::string& more = "") {
  return std::string(kHead) + kTwoDevices + kDevice0 + kDevice1 + more;
}

inline int healthy_world(const std::string& more = "") { return make_world(healthy_text(more)); }

// Changes a machine as a later writer would.
inline void change_world(int fd, const std::string& text) {
  sim::WorldReading reading;
  CHECK_EQ(0, sim::read_world(fd, &reading));
  CHECK_EQ(0, sim::append_segment(fd, reading.revision, {text.data(), text.size()}, {"{}", 2}));
}

// Returns the lines of a fault, as the machine's only one.
//   fault("cuInit", "effect=return code=999")
inline std::string fault(const std::string& function, const std::string& more) {
  std::string text = "faults=1\nfaults.0.function=" + function + "\n";
  std::size_t start = 0;
  while (start < more.size()) {
    const std::size_t end = more.find(' ', start);
    text += "faults.0." + more.substr(start, end - start) + "\n";
    start = end == std::string::npos ? more.size() : end + 1;
  }
  return text;
}

}  // namespace gpuprobe::test
