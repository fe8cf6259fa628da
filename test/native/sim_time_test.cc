// How a machine changes with scenario time: states, processes that start and end, frozen readings.
#include <unistd.h>

#include <string>

#include "check.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;

constexpr std::uint64_t kHour = 3600 * 1000;

// NVML and device 0 of a machine that starts at this time, in a separate process.
template <typename Body>
void at(const std::string& more, std::uint64_t start_ms, Body body) {
  gpuprobe::check::in_child([&] {
    const int world = make_world(healthy_text(more), 1000, start_ms);
    const Nvml nvml(world);
    CHECK_EQ(0, nvml.nvmlInit_v2());
    body(nvml, nvml.device(0), world);
  });
}

unsigned temperature(const Nvml& nvml, NvmlDevice device) {
  unsigned celsius = 0;
  CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(device, 0, &celsius));
  return celsius;
}

std::uint64_t used(const Nvml& nvml, NvmlDevice device) {
  NvmlMemory memory;
  CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
  CHECK_EQ(memory.total, memory.used + memory.free);
  return memory.used;
}

// Returns the pids of the compute processes as text.
std::string listed(const Nvml& nvml, NvmlDevice device) {
  NvmlProcessInfo processes[8];
  unsigned count = 8;
  CHECK_EQ(0, nvml.nvmlDeviceGetComputeRunningProcesses_v2(device, &count, processes));
  std::string pids;
  for (unsigned i = 0; i < count; ++i) pids += std::to_string(processes[i].pid) + " ";
  return pids;
}

constexpr char kStates[] =
    "state=3600000\ndevices.0.temperatureCelsius=60\ndevices.0.processes=1\n"
    "devices.0.processes.0.pid=99\naccess=revoked\n"
    "state=7200000\ndevices.0.temperatureCelsius=70\ndevices.0.processes=0\n"
    "devices.0.encoder=null\naccess=granted\ndevices.1.lost=true\n";

TEST("a state holds from its time on, with what was said before") {
  at(kStates, 0, [](const Nvml& nvml, NvmlDevice device, int) {
    CHECK_EQ(54, temperature(nvml, device));
    CHECK_EQ("41 43 ", listed(nvml, device));
    nvml.device(1);
  });
  gpuprobe::check::in_child(
      [] { CHECK_EQ(999, Nvml(make_world(healthy_text(kStates), 1000, kHour)).nvmlInit_v2()); });
  at(kStates, 2 * kHour, [](const Nvml& nvml, NvmlDevice device, int) {
    unsigned value = 0;
    NvmlDevice other;
    CHECK_EQ(70, temperature(nvml, device));
    CHECK_EQ("", listed(nvml, device));
    CHECK_EQ(150, used(nvml, device));
    CHECK_EQ(3, nvml.nvmlDeviceGetEncoderSessions(device, &value, nullptr));
    CHECK_EQ(15, nvml.nvmlDeviceGetHandleByIndex_v2(1, &other));
  });
}

TEST("states pass while a program runs") {
  const std::string text = healthy_text("state=500\ndevices.0.temperatureCelsius=60\n");
  const Nvml nvml(make_world(text, 1000, 0));
  CHECK_EQ(0, nvml.nvmlInit_v2());
  const NvmlDevice device = nvml.device(0);
  while (temperature(nvml, device) != 60) usleep(10000);
}

TEST("a thousand states are read, and not one more") {
  std::string more;
  for (unsigned i = 1; i < 1000; ++i) {
    more += "state=" + std::to_string(i * 1000) +
            "\ndevices.0.temperatureCelsius=" + std::to_string(i % 100) + "\n";
  }
  at(more, 642000,
     [](const Nvml& nvml, NvmlDevice device, int) { CHECK_EQ(42, temperature(nvml, device)); });
  const Nvml nvml(-1);
  CHECK(nvml.simulator->attach(healthy_world(more + "state=1000000\n")) != 0);
}

// Alive from 10 s to 20 s of each minute; leaves 30 bytes each time; owns a session.
constexpr char kTimed[] =
    "devices.0.processes=2\ndevices.0.processes.0.pid=7\ndevices.0.processes.0.usedBytes=200\n"
    "devices.0.processes.0.name=worker\n"
    "devices.0.processes.0.fromMs=10000\ndevices.0.processes.0.toMs=20000\n"
    "devices.0.processes.0.everyMs=60000\ndevices.0.processes.0.leavesBytes=30\n"
    "devices.0.processes.1.pid=8\ndevices.0.processes.1.usedBytes=100\n"
    "devices.0.encoder={}\ndevices.0.encoder.sessions=2\n"
    "devices.0.encoder.sessions.0.sessionId=1\n"
    "devices.0.encoder.sessions.0.pid=7\ndevices.0.encoder.sessions.1.sessionId=2\n"
    "devices.0.encoder.sessions.1.pid=8\n";

TEST("a timed process comes, goes, comes again, and leaves something behind each time") {
  const struct {
    std::uint64_t ms;
    const char* pids;
    std::uint64_t used;
    unsigned sessions;
  } cases[] = {
      {0, "8 ", 150, 1},
      {10000, "7 8 ", 350, 2},
      {20000, "8 ", 180, 1},
      {70000, "7 8 ", 380, 2},
      {80000, "8 ", 210, 1},
      {20000 + 5 * 60000, "8 ", 330, 1},
      {1000 * kHour, "8 ", 1000, 1},
  };
  for (const auto& example : cases) {
    at(kTimed, example.ms, [&](const Nvml& nvml, NvmlDevice device, int world) {
      CHECK_EQ(example.pids, listed(nvml, device));
      CHECK_EQ(example.used, used(nvml, device));
      NvmlEncoderSessionInfo sessions[2];
      unsigned count = 2;
      unsigned unused = 0;
      CHECK_EQ(0, nvml.nvmlDeviceGetEncoderSessions(device, &count, sessions));
      CHECK_EQ(example.sessions, count);
      CHECK_EQ(2, sessions[count - 1].session_id);
      CHECK_EQ(0, nvml.nvmlDeviceGetEncoderStats(device, &count, &unused, &unused));
      CHECK_EQ(example.sessions, count);
      char name[16];
      const bool alive = example.pids[0] == '7';
      CHECK_EQ(alive ? 0 : 6, nvml.nvmlSystemGetProcessName(7, name, sizeof name));
      const Cuda cuda(world);
      CHECK_EQ(0, cuda.cuInit(0));
      CudaContext context;
      CHECK_EQ(example.used > 800 ? 2 : 0, cuda.cuCtxCreate_v2(&context, 0, 0));
    });
  }
}

TEST("processes whose times cannot be are refused") {
  const Nvml nvml(-1);
  const std::string process = "devices.0.processes=1\ndevices.0.processes.0.pid=7\n";
  const char* const times[] = {
      "devices.0.processes.0.fromMs=5\ndevices.0.processes.0.toMs=5\n",
      "devices.0.processes.0.everyMs=5\n",
      "devices.0.processes.0.toMs=10\ndevices.0.processes.0.everyMs=9\n",
      "devices.0.processes.0.toMs=0\n",
  };
  for (const char* time : times) {
    CHECK(nvml.simulator->attach(healthy_world(process + time)) != 0);
  }
}

TEST("energy is each state's power for as long as it lasted") {
  constexpr char kPower[] =
      "devices.0.energyMillijoules=5000\ndevices.0.powerMilliwatts=1000\n"
      "state=10000\ndevices.0.powerMilliwatts=50\n"
      "state=110000\ndevices.0.powerMilliwatts=0\n";
  const struct {
    std::uint64_t ms;
    unsigned long long millijoules;
  } cases[] = {{0, 5000}, {10000, 15000}, {60000, 17500}, {110000, 20000}, {900000, 20000}};
  for (const auto& example : cases) {
    at(kPower, example.ms, [&](const Nvml& nvml, NvmlDevice device, int) {
      unsigned long long millijoules = 0;
      CHECK_EQ(0, nvml.nvmlDeviceGetTotalEnergyConsumption(device, &millijoules));
      // The clock continues meanwhile, for at most ten seconds.
      CHECK(millijoules >= example.millijoules && millijoules < example.millijoules + 10000);
    });
  }
  at(std::string(kPower) + "state=200000\nreadings=frozen\nreadingsFrozenAtMs=60000\n", 300000,
     [](const Nvml& nvml, NvmlDevice device, int) {
       unsigned long long millijoules = 0;
       CHECK_EQ(0, nvml.nvmlDeviceGetTotalEnergyConsumption(device, &millijoules));
       CHECK_EQ(17500, millijoules);
     });
  at("", 0, [](const Nvml& nvml, NvmlDevice device, int) {
    unsigned long long millijoules = 0;
    CHECK_EQ(3, nvml.nvmlDeviceGetTotalEnergyConsumption(device, &millijoules));
  });
}

TEST("frozen readings are those of one moment, whatever happens") {
  const std::string more = std::string(kTimed) + "state=30000\ndevices.0.temperatureCelsius=60\n" +
                           "readings=frozen\nreadingsFrozenAtMs=15000\n";
  at(more, 40000, [](const Nvml& nvml, NvmlDevice device, int world) {
    const Cuda cuda(world);
    CudaContext context;
    CHECK_EQ(0, cuda.cuInit(0));
    CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
    CHECK_EQ(54, temperature(nvml, device));
    CHECK_EQ(350, used(nvml, device));
    CHECK_EQ("7 8 ", listed(nvml, device));
    size_t available = 0;
    size_t total = 0;
    CHECK_EQ(0, cuda.cuMemGetInfo_v2(&available, &total));
    CHECK_EQ(950 - 130 - 200, available);
  });
}

}  // namespace
