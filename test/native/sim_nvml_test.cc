// Simulated NVML: initialisation, readings and lists.
#include <unistd.h>

#include "check.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;

TEST("initialisations are counted") {
  const Nvml nvml(healthy_world());
  unsigned count = 0;
  CHECK_EQ(1, nvml.nvmlDeviceGetCount_v2(&count));
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, nvml.nvmlInitWithFlags(0));
  CHECK_EQ(0, nvml.nvmlShutdown());
  CHECK_EQ(0, nvml.nvmlDeviceGetCount_v2(&count));
  CHECK_EQ(2, count);
  NvmlDevice device = nvml.device(0);
  CHECK_EQ(0, nvml.nvmlShutdown());
  CHECK_EQ(1, nvml.nvmlDeviceGetCount_v2(&count));
  CHECK_EQ(0, nvml.nvmlInit_v2());
  unsigned minor = 0;
  CHECK_EQ(2, nvml.nvmlDeviceGetMinorNumber(device, &minor));
}

TEST("a driver without GPUs") {
  const Nvml nvml(make_world(kHead));
  unsigned count = 9;
  CHECK_EQ(999, nvml.nvmlInit_v2());
  CHECK_EQ(999, nvml.nvmlInitWithFlags(0));
  CHECK_EQ(0, nvml.nvmlInitWithFlags(1));
  CHECK_EQ(0, nvml.nvmlDeviceGetCount_v2(&count));
  CHECK_EQ(0, count);
}

TEST("readings are the scenario's") {
  const Nvml nvml(healthy_world());
  CHECK_EQ(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  NvmlDevice other = nvml.device(1);
  char text[96];
  CHECK_EQ(0, nvml.nvmlDeviceGetName(device, text, sizeof text));
  CHECK_EQ("GPU zero", text);
  CHECK_EQ(7, nvml.nvmlDeviceGetName(device, text, 8));
  CHECK_EQ(2, nvml.nvmlDeviceGetUUID(device, nullptr, 96));
  CHECK_EQ(2, nvml.nvmlDeviceGetUUID(reinterpret_cast<NvmlDevice>(text), text, sizeof text));
  CHECK_EQ(2, nvml.nvmlDeviceGetHandleByIndex_v2(2, &device));
  NvmlMemory memory;
  CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
  CHECK(memory.total == 1000 && memory.used == 150 && memory.free == 850);
  NvmlMemoryV2 memory2 = {};
  CHECK_EQ(25, nvml.nvmlDeviceGetMemoryInfo_v2(device, &memory2));
  memory2.version = gpuprobe::driver::kNvmlMemoryV2Version;
  CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo_v2(device, &memory2));
  CHECK(memory2.used == 100 && memory2.reserved == 50 && memory2.free == 850);
  NvmlPciInfo pci;
  CHECK_EQ(0, nvml.nvmlDeviceGetPciInfo_v3(other, &pci));
  CHECK(strcmp(pci.bus_id, "00000001:41:00.0") == 0 && pci.domain == 1 && pci.bus == 0x41);
  CHECK_EQ("0001:41:00.0", pci.bus_id_legacy);
  unsigned current = 9;
  unsigned pending = 9;
  CHECK_EQ(3, nvml.nvmlDeviceGetMigMode(device, &current, &pending));
  CHECK_EQ(0, nvml.nvmlDeviceGetMigMode(other, &current, &pending));
  CHECK(current == 1 && pending == 1);
  CHECK_EQ(3, nvml.nvmlDeviceGetEncoderUtilization(other, &current, &pending));
  CHECK_EQ(3, nvml.nvmlDeviceGetEncoderStats(other, &current, &pending, &pending));
  unsigned long long reasons[2] = {};
  CHECK_EQ(0, nvml.nvmlDeviceGetCurrentClocksEventReasons(device, &reasons[0]));
  CHECK_EQ(0, nvml.nvmlDeviceGetCurrentClocksThrottleReasons(device, &reasons[1]));
  CHECK(reasons[0] == 4 && reasons[1] == 4);
}

TEST("sessions and processes are listed") {
  const Nvml nvml(healthy_world());
  CHECK_EQ(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  unsigned count = 0;
  NvmlEncoderSessionInfo sessions[4];
  CHECK_EQ(0, nvml.nvmlDeviceGetEncoderSessions(device, &count, nullptr));
  CHECK_EQ(2, count);
  count = 4;
  CHECK_EQ(0, nvml.nvmlDeviceGetEncoderSessions(device, &count, sessions));
  CHECK(count == 2 && sessions[0].session_id == 7 && sessions[0].h_resolution == 1920);
  NvmlProcessInfo processes[4];
  count = 0;
  CHECK_EQ(7, nvml.nvmlDeviceGetComputeRunningProcesses_v2(device, &count, nullptr));
  CHECK_EQ(2, count);
  count = 1;
  CHECK_EQ(7, nvml.nvmlDeviceGetComputeRunningProcesses_v3(device, &count, processes));
  count = 4;
  CHECK_EQ(0, nvml.nvmlDeviceGetComputeRunningProcesses_v3(device, &count, processes));
  CHECK(count == 2 && processes[0].pid == 41 && processes[0].used_gpu_memory == 60);
  CHECK(processes[1].pid == 43);
  count = 4;
  CHECK_EQ(0, nvml.nvmlDeviceGetMPSComputeRunningProcesses_v2(device, &count, processes));
  CHECK(count == 1 && processes[0].used_gpu_memory == gpuprobe::driver::kNvmlValueNotAvailable);
  count = 0;
  CHECK_EQ(0, nvml.nvmlDeviceGetGraphicsRunningProcesses_v2(device, &count, nullptr));
  char name[16];
  CHECK_EQ(0, nvml.nvmlSystemGetProcessName(41, name, sizeof name));
  CHECK_EQ("streamer", name);
  CHECK_EQ(7, nvml.nvmlSystemGetProcessName(41, name, 4));
  CHECK_EQ(6, nvml.nvmlSystemGetProcessName(999, name, sizeof name));
}

// A GPU in MIG mode has no readings of its own for what its instances do.
TEST("a device that is split into instances") {
  const Nvml nvml(healthy_world("devices.0.migMode=1\n"));
  CHECK_EQ(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  NvmlUtilization utilization;
  unsigned value = 0;
  CHECK_EQ(3, nvml.nvmlDeviceGetUtilizationRates(device, &utilization));
  CHECK_EQ(3, nvml.nvmlDeviceGetEncoderUtilization(device, &value, &value));
  CHECK_EQ(3, nvml.nvmlDeviceGetDecoderUtilization(device, &value, &value));
  CHECK_EQ(3, nvml.nvmlDeviceGetEncoderStats(device, &value, &value, &value));
  CHECK_EQ(3, nvml.nvmlDeviceGetEncoderSessions(device, &value, nullptr));
  CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(device, 0, &value));
}

TEST("some drivers write elements that are wider than their callers know") {
  const auto second_pid = [](const char* version, bool third) {
    const std::string both =
        std::string("driver.version=") + version + "\ndriver.nvmlVersion=12." + version + "\n";
    const Nvml nvml(healthy_world(both));
    CHECK_EQ(0, nvml.nvmlInit_v2());
    NvmlProcessInfo processes[4] = {};
    unsigned count = 3;
    const auto list = third ? nvml.nvmlDeviceGetComputeRunningProcesses_v3
                            : nvml.nvmlDeviceGetComputeRunningProcesses_v2;
    CHECK_EQ(0, list(nvml.device(0), &count, processes));
    CHECK(count == 2 && processes[0].pid == 41);
    unsigned at_32 = 0;
    memcpy(&at_32, reinterpret_cast<char*>(processes) + 32, sizeof at_32);
    return at_32 == 43 ? 32 : processes[1].pid == 43 ? 24 : 0;
  };
  const struct {
    const char* version;
    int stride;
  } cases[] = {{"535.43.02", 32},  {"535.54.03", 32}, {"535.86.10", 32}, {"535.98", 24},
               {"535.261.03", 24}, {"530.41.03", 24}, {"550.54.14", 24}};
  for (const auto& example : cases) {
    gpuprobe::check::in_child([&] { CHECK_EQ(example.stride, second_pid(example.version, true)); });
    gpuprobe::check::in_child([&] { CHECK_EQ(24, second_pid(example.version, false)); });
  }
}

TEST("processes that hold a context are listed by name while they do") {
  const int world = healthy_world();
  const Nvml nvml(world);
  const Cuda cuda(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, cuda.cuInit(0));
  const auto self = static_cast<unsigned>(getpid());
  NvmlDevice device = nvml.device(0);
  CudaContext contexts[2];
  CudaDevicePointer pointer = 0;
  NvmlProcessInfo processes[4];
  unsigned count = 4;
  char name[256];
  CHECK_EQ(6, nvml.nvmlSystemGetProcessName(self, name, sizeof name));
  CHECK_EQ(0, cuda.cuCtxCreate_v2(&contexts[0], 0, 0));
  CHECK_EQ(0, cuda.cuCtxCreate_v2(&contexts[1], 0, 0));
  CHECK_EQ(0, cuda.cuMemAlloc_v2(&pointer, 5));
  CHECK_EQ(0, nvml.nvmlDeviceGetComputeRunningProcesses_v2(device, &count, processes));
  CHECK(count == 3 && processes[2].pid == self && processes[2].used_gpu_memory == 405);
  count = 4;
  CHECK_EQ(0, nvml.nvmlDeviceGetGraphicsRunningProcesses_v2(device, &count, processes));
  CHECK_EQ(0, count);
  count = 0;
  CHECK_EQ(0, nvml.nvmlDeviceGetComputeRunningProcesses_v2(nvml.device(1), &count, processes));
  CHECK_EQ(0, nvml.nvmlSystemGetProcessName(self, name, sizeof name));
  CHECK(strstr(name, "/sim_nvml_test") != nullptr);
  CHECK_EQ(0, cuda.cuCtxDestroy_v2(contexts[0]));
  CHECK_EQ(0, cuda.cuCtxDestroy_v2(contexts[1]));
  count = 4;
  CHECK_EQ(0, nvml.nvmlDeviceGetComputeRunningProcesses_v2(device, &count, processes));
  CHECK_EQ(2, count);
  CHECK_EQ(6, nvml.nvmlSystemGetProcessName(self, name, sizeof name));
}

TEST("readings that succeed and are zero") {
  const int world = healthy_world("readings=zero\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  char text[96] = "x";
  unsigned value = 9;
  unsigned other = 9;
  CHECK_EQ(0, nvml.nvmlDeviceGetUUID(device, text, sizeof text));
  CHECK(text[0] == '\0');
  CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(device, 0, &value));
  CHECK_EQ(0, nvml.nvmlDeviceGetMigMode(device, &other, &other));
  CHECK(value == 0 && other == 0);
  NvmlMemory memory = {1, 1, 1};
  CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
  CHECK(memory.total == 0 && memory.used == 0 && memory.free == 0);
  CHECK_EQ(0, nvml.nvmlDeviceGetComputeRunningProcesses_v2(device, &value, nullptr));
  CudaUuid uuid;
  CHECK_EQ(0, cuda.cuInit(0));
  CHECK_EQ(0, cuda.cuDeviceGetUuid_v2(&uuid, 0));
  CHECK(uuid.bytes[0] == 0x5a && uuid.bytes[15] == 0x01);
}

}  // namespace
