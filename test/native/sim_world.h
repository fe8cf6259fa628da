// Simulated machines for the tests: a memfd as the simulator and the warden take it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "check.h"
#include "driver/simulator.h"

namespace gpuprobe::test {

inline constexpr char kHead[] =
    "format=1\ndriver.version=535.261.03\ndriver.nvmlVersion=12.535.261.03\n"
    "driver.cudaVersion=12020\n";
inline constexpr char kDevice0[] =
    "devices.0.name=GPU zero\ndevices.0.uuid=GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01\n"
    "devices.0.pciBusId=00000000:01:00.0\ndevices.0.minor=0\ndevices.0.memory.totalBytes=1000\n"
    "devices.0.memory.usedBytes=100\ndevices.0.memory.reservedBytes=50\n"
    "devices.0.temperatureCelsius=54\ndevices.0.clockEventReasons=4\ndevices.0.migMode=null\n"
    "devices.0.contextBytes=200\ndevices.0.encoder.averageFps=60\n"
    "devices.0.encoder.sessions.0.sessionId=7\ndevices.0.encoder.sessions.0.pid=41\n"
    "devices.0.encoder.sessions.0.width=1920\ndevices.0.encoder.sessions.1.sessionId=8\n"
    "devices.0.processes.0.pid=41\ndevices.0.processes.0.kind=compute\n"
    "devices.0.processes.0.usedBytes=60\ndevices.0.processes.0.name=streamer\n"
    "devices.0.processes.1.pid=42\ndevices.0.processes.1.kind=mps-compute\n"
    "devices.0.processes.1.usedBytes=null\ndevices.0.processes.2.pid=43\n";
inline constexpr char kDevice1[] =
    "devices.1.name=GPU one\ndevices.1.uuid=GPU-8e0f6c1a-2d3b-4c5d-8e9f-1a2b3c4d5e02\n"
    "devices.1.pciBusId=00000001:41:00.0\ndevices.1.minor=3\ndevices.1.memory.totalBytes=1000\n"
    "devices.1.migMode=1\ndevices.1.contextBytes=200\ndevices.1.encoder=null\n";

inline int make_world(const std::string& text) {
  constexpr std::size_t kStart = driver::kWorldRuntimeBytes;
  const int fd = memfd_create("world", 0);
  CHECK(fd >= 0);
  CHECK_EQ(0, ftruncate(fd, static_cast<off_t>(kStart + text.size())));
  CHECK_EQ(static_cast<ssize_t>(text.size()), pwrite(fd, text.data(), text.size(), kStart));
  return fd;
}

// A machine with both devices and `more` lines.
inline int healthy_world(const std::string& more = "") {
  return make_world(std::string(kHead) + kDevice0 + kDevice1 + more);
}

}  // namespace gpuprobe::test
