// The simulated driver, from the outside: each test runs in a process of its own on a machine of
// its own, as what a call answers depends on what the process had opened before.
//   sim_test DIRECTORY-OF-THE-LIBRARIES
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/cuda_abi.h"
#include "driver/nodes.h"
#include "driver/nvml_abi.h"
#include "driver/simulator.h"

namespace {

using gpuprobe::driver::CudaContext;
using gpuprobe::driver::CudaDevice;
using gpuprobe::driver::CudaDevicePointer;
using gpuprobe::driver::CudaResult;
using gpuprobe::driver::CudaUuid;
using gpuprobe::driver::kWorldRuntimeBytes;
using gpuprobe::driver::kWorldVariable;
using gpuprobe::driver::NodeStat;
using gpuprobe::driver::NvmlDevice;
using gpuprobe::driver::NvmlEncoderSessionInfo;
using gpuprobe::driver::NvmlMemory;
using gpuprobe::driver::NvmlMemoryV2;
using gpuprobe::driver::NvmlPciInfo;
using gpuprobe::driver::NvmlProcessInfo;
using gpuprobe::driver::NvmlReturn;
using gpuprobe::driver::NvmlUtilization;
using gpuprobe::driver::Simulator;

const char* directory;

#define EXPECT(condition)                                             \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      _exit(1);                                                       \
    }                                                                 \
  } while (0)

#define EXPECT_CODE(expected, call)                                                           \
  do {                                                                                        \
    const int answered = (call);                                                              \
    if (answered != (expected)) {                                                             \
      fprintf(stderr, "%s:%d: %s answered %d, not %d\n", __FILE__, __LINE__, #call, answered, \
              (expected));                                                                    \
      _exit(1);                                                                               \
    }                                                                                         \
  } while (0)

constexpr char kHead[] =
    "format=1\ndriver.version=535.261.03\ndriver.nvmlVersion=12.535.261.03\n"
    "driver.cudaVersion=12020\n";
constexpr char kDevice0[] =
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
constexpr char kDevice1[] =
    "devices.1.name=GPU one\ndevices.1.uuid=GPU-8e0f6c1a-2d3b-4c5d-8e9f-1a2b3c4d5e02\n"
    "devices.1.pciBusId=00000001:41:00.0\ndevices.1.minor=3\ndevices.1.memory.totalBytes=1000\n"
    "devices.1.migMode=1\ndevices.1.contextBytes=200\ndevices.1.encoder=null\n";

int make_world(const char* text, size_t length) {
  const int fd = memfd_create("world", 0);
  EXPECT(fd >= 0 && ftruncate(fd, static_cast<off_t>(kWorldRuntimeBytes + length)) == 0);
  EXPECT(pwrite(fd, text, length, kWorldRuntimeBytes) == static_cast<ssize_t>(length));
  return fd;
}

// A machine with both devices and `more` lines.
int healthy_world(const char* more = "") {
  char text[4096];
  const int length = snprintf(text, sizeof text, "%s%s%s%s", kHead, kDevice0, kDevice1, more);
  return make_world(text, static_cast<size_t>(length));
}

void* open_library(const char* soname) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", directory, soname);
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fprintf(stderr, "%s\n", dlerror());
  EXPECT(library != nullptr);
  return library;
}

template <typename F>
void find_symbol(void* library, const char* name, F* function) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) fprintf(stderr, "%s is missing\n", name);
  EXPECT(symbol != nullptr);
  memcpy(function, &symbol, sizeof symbol);
}

struct Library {
  void* handle;
  const Simulator* simulator;
  explicit Library(const char* soname) : handle(open_library(soname)) {
    simulator = static_cast<const Simulator*>(dlsym(handle, "gpuprobe_simulator"));
    EXPECT(simulator != nullptr && simulator->version == gpuprobe::driver::kSimulatorVersion);
  }
};

struct Nvml : Library {
#define NVML_SYMBOL(need, since, name, parameters) NvmlReturn(*name) parameters;
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
  explicit Nvml(int world) : Library("libnvidia-ml.so.1") {
#define NVML_SYMBOL(need, since, name, parameters) find_symbol(handle, #name, &name);
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
    if (world >= 0) EXPECT_CODE(0, simulator->attach(world));
  }
  NvmlDevice device(unsigned index) const {
    NvmlDevice device = nullptr;
    EXPECT_CODE(0, nvmlDeviceGetHandleByIndex_v2(index, &device));
    EXPECT(device != nullptr);
    return device;
  }
};

struct Cuda : Library {
#define CUDA_SYMBOL(need, since, name, parameters) CudaResult(*name) parameters;
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
  explicit Cuda(int world) : Library("libcuda.so.1") {
#define CUDA_SYMBOL(need, since, name, parameters) find_symbol(handle, #name, &name);
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
    if (world >= 0) EXPECT_CODE(0, simulator->attach(world));
  }
  int count() const {
    int count = -1;
    EXPECT_CODE(0, cuDeviceGetCount(&count));
    return count;
  }
};

// Runs `body` in a child and expects it to end well.
template <typename Body>
void in_child(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
}

// Runs `body` on a thread and expects that it never returns, in a futex wait.
template <typename Body>
void expect_hang(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  usleep(150000);
  int status = 0;
  EXPECT(waitpid(pid, &status, WNOHANG) == 0);
  char path[64];
  char text[64] = "";
  snprintf(path, sizeof path, "/proc/%d/syscall", static_cast<int>(pid));
  FILE* file = fopen(path, "r");
  if (file != nullptr) {
    if (fgets(text, sizeof text, file) == nullptr) text[0] = '\0';
    fclose(file);
  }
#ifdef __x86_64__
  EXPECT(text[0] == '\0' || strncmp(text, "202 ", 4) == 0);  // futex
#endif
  EXPECT(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

void malformed_worlds_are_refused() {
  const Nvml nvml(-1);
  const char* const texts[] = {
      "",
      "format=1\n",
      "format=2\ndriver=null\n",
      "format=1\ndriver=null",
      "format=1\ndriver=nul\n",
      "format=1\ndriver=null\nsurprise=1\n",
      "format=1\ndriver=null\nno equals sign\n",
      "format=1\ndriver=null\ndevices.1.minor=0\n",
      "format=1\ndriver=null\ndevices.0.minor=0\n",
      "format=1\ndriver=null\nfaults.0.function=nvmlNoSuchThing\n",
      "format=1\ndriver=null\nfaults.0.delayMs=99999999999\n",
      "format=1\ndriver=null\nfaults.64.hang=true\n",
      "format=1\ndriver=null\nfaults.0.hang=true\nfaults.99999999999999999999.hang=true\n",
      "format=1\ndriver=null\ndriver.version=\x01\n",
  };
  for (const char* text : texts) {
    EXPECT_CODE(EINVAL, nvml.simulator->attach(make_world(text, strlen(text))));
  }
  EXPECT_CODE(EINVAL, nvml.simulator->attach(healthy_world("devices.0.minor=2\n")));
  EXPECT_CODE(EINVAL, nvml.simulator->attach(healthy_world("devices.1.memory.usedBytes=1001\n")));
  EXPECT_CODE(EINVAL, nvml.simulator->attach(healthy_world("devices.1.uuid=GPU-5a\n")));
  EXPECT_CODE(EINVAL, nvml.simulator->attach(memfd_create("empty", 0)));
  EXPECT_CODE(EBADF, nvml.simulator->attach(-1));
  const int world = healthy_world();
  EXPECT_CODE(0, nvml.simulator->attach(world));
  EXPECT_CODE(0, nvml.simulator->attach(dup(world)));
  EXPECT_CODE(EBUSY, nvml.simulator->attach(healthy_world()));
}

void no_world_is_no_driver() {
  const Nvml nvml(-1);
  const Cuda cuda(-1);
  NodeStat status;
  char text[80];
  int version = 0;
  EXPECT_CODE(9, nvml.nvmlInit_v2());
  EXPECT_CODE(9, nvml.nvmlInitWithFlags(1));
  EXPECT_CODE(1, nvml.nvmlSystemGetDriverVersion(text, sizeof text));
  EXPECT_CODE(0, nvml.nvmlSystemGetNVMLVersion(text, sizeof text));
  EXPECT_CODE(0, nvml.nvmlShutdown());
  EXPECT_CODE(100, cuda.cuInit(0));
  EXPECT_CODE(0, cuda.cuDriverGetVersion(&version));
  EXPECT_CODE(-ENOENT, nvml.simulator->nodes->stat("/dev/nvidiactl", &status));
}

void environment_names_the_world() {
  char number[16];
  snprintf(number, sizeof number, "%d", healthy_world());
  setenv(kWorldVariable, number, 1);
  const Nvml nvml(-1);
  const Cuda cuda(-1);
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  EXPECT_CODE(0, cuda.cuInit(0));
}

void no_driver() {
  const char text[] = "format=1\ndriver=null\n";
  const int world = make_world(text, strlen(text));
  const Nvml nvml(world);
  const Cuda cuda(world);
  NodeStat status;
  EXPECT_CODE(9, nvml.nvmlInitWithFlags(1));
  EXPECT_CODE(100, cuda.cuInit(0));
  EXPECT_CODE(-ENOENT, nvml.simulator->nodes->stat("/dev/nvidiactl", &status));
  EXPECT_CODE(-ENOENT, nvml.simulator->nodes->access("/dev/nvidia0"));
}

void init_is_counted() {
  const Nvml nvml(healthy_world());
  unsigned count = 0;
  EXPECT_CODE(1, nvml.nvmlDeviceGetCount_v2(&count));
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  EXPECT_CODE(0, nvml.nvmlInitWithFlags(0));
  EXPECT_CODE(0, nvml.nvmlShutdown());
  EXPECT_CODE(0, nvml.nvmlDeviceGetCount_v2(&count));
  EXPECT(count == 2);
  NvmlDevice device = nvml.device(0);
  EXPECT_CODE(0, nvml.nvmlShutdown());
  EXPECT_CODE(1, nvml.nvmlDeviceGetCount_v2(&count));
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  unsigned minor = 0;
  EXPECT_CODE(2, nvml.nvmlDeviceGetMinorNumber(device, &minor));
}

void no_gpus() {
  const Nvml nvml(make_world(kHead, strlen(kHead)));
  unsigned count = 9;
  EXPECT_CODE(999, nvml.nvmlInit_v2());
  EXPECT_CODE(999, nvml.nvmlInitWithFlags(0));
  EXPECT_CODE(0, nvml.nvmlInitWithFlags(1));
  EXPECT_CODE(0, nvml.nvmlDeviceGetCount_v2(&count));
  EXPECT(count == 0);
}

void readings() {
  const Nvml nvml(healthy_world());
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  NvmlDevice other = nvml.device(1);
  char text[96];
  EXPECT_CODE(0, nvml.nvmlDeviceGetName(device, text, sizeof text));
  EXPECT(strcmp(text, "GPU zero") == 0);
  EXPECT_CODE(7, nvml.nvmlDeviceGetName(device, text, 8));
  EXPECT_CODE(2, nvml.nvmlDeviceGetUUID(device, nullptr, 96));
  EXPECT_CODE(2, nvml.nvmlDeviceGetUUID(reinterpret_cast<NvmlDevice>(text), text, sizeof text));
  EXPECT_CODE(2, nvml.nvmlDeviceGetHandleByIndex_v2(2, &device));
  NvmlMemory memory;
  EXPECT_CODE(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
  EXPECT(memory.total == 1000 && memory.used == 150 && memory.free == 850);
  NvmlMemoryV2 memory2 = {};
  EXPECT_CODE(25, nvml.nvmlDeviceGetMemoryInfo_v2(device, &memory2));
  memory2.version = gpuprobe::driver::kNvmlMemoryV2Version;
  EXPECT_CODE(0, nvml.nvmlDeviceGetMemoryInfo_v2(device, &memory2));
  EXPECT(memory2.used == 100 && memory2.reserved == 50 && memory2.free == 850);
  NvmlPciInfo pci;
  EXPECT_CODE(0, nvml.nvmlDeviceGetPciInfo_v3(other, &pci));
  EXPECT(strcmp(pci.bus_id, "00000001:41:00.0") == 0 && pci.domain == 1 && pci.bus == 0x41);
  EXPECT(strcmp(pci.bus_id_legacy, "0001:41:00.0") == 0);
  unsigned current = 9;
  unsigned pending = 9;
  EXPECT_CODE(3, nvml.nvmlDeviceGetMigMode(device, &current, &pending));
  EXPECT_CODE(0, nvml.nvmlDeviceGetMigMode(other, &current, &pending));
  EXPECT(current == 1 && pending == 1);
  EXPECT_CODE(3, nvml.nvmlDeviceGetEncoderUtilization(other, &current, &pending));
  EXPECT_CODE(3, nvml.nvmlDeviceGetEncoderStats(other, &current, &pending, &pending));
  unsigned long long reasons[2] = {};
  EXPECT_CODE(0, nvml.nvmlDeviceGetCurrentClocksEventReasons(device, &reasons[0]));
  EXPECT_CODE(0, nvml.nvmlDeviceGetCurrentClocksThrottleReasons(device, &reasons[1]));
  EXPECT(reasons[0] == 4 && reasons[1] == 4);
}

void lists() {
  const Nvml nvml(healthy_world());
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  unsigned count = 0;
  NvmlEncoderSessionInfo sessions[4];
  EXPECT_CODE(0, nvml.nvmlDeviceGetEncoderSessions(device, &count, nullptr));
  EXPECT(count == 2);
  count = 4;
  EXPECT_CODE(0, nvml.nvmlDeviceGetEncoderSessions(device, &count, sessions));
  EXPECT(count == 2 && sessions[0].session_id == 7 && sessions[0].h_resolution == 1920);
  NvmlProcessInfo processes[4];
  count = 0;
  EXPECT_CODE(7, nvml.nvmlDeviceGetComputeRunningProcesses_v2(device, &count, nullptr));
  EXPECT(count == 2);
  count = 1;
  EXPECT_CODE(7, nvml.nvmlDeviceGetComputeRunningProcesses_v3(device, &count, processes));
  count = 4;
  EXPECT_CODE(0, nvml.nvmlDeviceGetComputeRunningProcesses_v3(device, &count, processes));
  EXPECT(count == 2 && processes[0].pid == 41 && processes[0].used_gpu_memory == 60);
  EXPECT(processes[1].pid == 43);
  count = 4;
  EXPECT_CODE(0, nvml.nvmlDeviceGetMPSComputeRunningProcesses_v2(device, &count, processes));
  EXPECT(count == 1 && processes[0].used_gpu_memory == gpuprobe::driver::kNvmlValueNotAvailable);
  count = 0;
  EXPECT_CODE(0, nvml.nvmlDeviceGetGraphicsRunningProcesses_v2(device, &count, nullptr));
  char name[16];
  EXPECT_CODE(0, nvml.nvmlSystemGetProcessName(41, name, sizeof name));
  EXPECT(strcmp(name, "streamer") == 0);
  EXPECT_CODE(7, nvml.nvmlSystemGetProcessName(41, name, 4));
  EXPECT_CODE(6, nvml.nvmlSystemGetProcessName(999, name, sizeof name));
}

void zero_readings() {
  const int world = healthy_world("readings=zero\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  char text[96] = "x";
  unsigned value = 9;
  unsigned other = 9;
  EXPECT_CODE(0, nvml.nvmlDeviceGetUUID(device, text, sizeof text));
  EXPECT(text[0] == '\0');
  EXPECT_CODE(0, nvml.nvmlDeviceGetTemperature(device, 0, &value));
  EXPECT_CODE(0, nvml.nvmlDeviceGetMigMode(device, &other, &other));
  EXPECT(value == 0 && other == 0);
  NvmlMemory memory = {1, 1, 1};
  EXPECT_CODE(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
  EXPECT(memory.total == 0 && memory.used == 0 && memory.free == 0);
  EXPECT_CODE(0, nvml.nvmlDeviceGetComputeRunningProcesses_v2(device, &value, nullptr));
  CudaUuid uuid;
  EXPECT_CODE(0, cuda.cuInit(0));
  EXPECT_CODE(0, cuda.cuDeviceGetUuid_v2(&uuid, 0));
  EXPECT(uuid.bytes[0] == 0x5a && uuid.bytes[15] == 0x01);
}

void cuda_answers() {
  const Cuda cuda(healthy_world());
  int count = 0;
  EXPECT_CODE(3, cuda.cuDeviceGetCount(&count));
  EXPECT_CODE(1, cuda.cuInit(1));
  EXPECT_CODE(0, cuda.cuInit(0));
  EXPECT(cuda.count() == 2);
  CudaDevice device = -1;
  EXPECT_CODE(101, cuda.cuDeviceGet(&device, 2));
  EXPECT_CODE(0, cuda.cuDeviceGet(&device, 1));
  char bus_id[16];
  EXPECT_CODE(1, cuda.cuDeviceGetPCIBusId(bus_id, 12, device));
  EXPECT_CODE(0, cuda.cuDeviceGetPCIBusId(bus_id, 13, device));
  EXPECT(strcmp(bus_id, "0001:41:00.0") == 0);
  EXPECT_CODE(201, cuda.cuCtxDestroy_v2(reinterpret_cast<CudaContext>(bus_id)));
  in_child([&] { EXPECT_CODE(3, cuda.cuInit(0)); });
}

void visible_devices() {
  const int world = healthy_world();
  const struct {
    const char* variable;
    int count;
    unsigned char first_byte;
  } cases[] = {
      {"GPU-8e", 1, 0x8e}, {"1,0", 2, 0x8e}, {"0,7,1", 1, 0x5a}, {"GPU-5a1c1d60,GPU-8e0f", 2, 0x5a},
      {"", 0, 0},          {"-1", 0, 0},     {"GPU-", 0, 0},     {"GPU-ffff", 0, 0},
  };
  for (const auto& example : cases) {
    in_child([&] {
      setenv("CUDA_VISIBLE_DEVICES", example.variable, 1);
      const Cuda cuda(world);
      EXPECT_CODE(example.count == 0 ? 100 : 0, cuda.cuInit(0));
      if (example.count == 0) return;
      CudaUuid uuid;
      EXPECT(cuda.count() == example.count);
      EXPECT_CODE(0, cuda.cuDeviceGetUuid(&uuid, 0));
      EXPECT(uuid.bytes[0] == example.first_byte);
    });
  }
}

void contexts_cost_memory() {
  const int world = healthy_world();
  const Nvml nvml(world);
  const Cuda cuda(world);
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  const auto used = [&] {
    NvmlMemory memory;
    EXPECT_CODE(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
    EXPECT(memory.used + memory.free == memory.total);
    return memory.used;
  };
  EXPECT_CODE(0, cuda.cuInit(0));
  CudaContext contexts[5];
  for (int i = 0; i < 4; ++i) EXPECT_CODE(0, cuda.cuCtxCreate_v2(&contexts[i], 4, 0));
  EXPECT_CODE(2, cuda.cuCtxCreate_v2(&contexts[4], 4, 0));
  size_t available = 0;
  size_t total = 0;
  EXPECT_CODE(0, cuda.cuMemGetInfo_v2(&available, &total));
  EXPECT(available == 50 && total == 950 && used() == 950);
  CudaDevicePointer pointer = 0;
  EXPECT_CODE(2, cuda.cuMemAlloc_v2(&pointer, 51));
  EXPECT_CODE(0, cuda.cuMemAlloc_v2(&pointer, 50));
  EXPECT(used() == 1000);
  EXPECT_CODE(0, cuda.cuMemFree_v2(pointer));
  EXPECT_CODE(1, cuda.cuMemFree_v2(pointer));
  for (int i = 3; i >= 0; --i) EXPECT_CODE(0, cuda.cuCtxDestroy_v2(contexts[i]));
  EXPECT_CODE(201, cuda.cuCtxDestroy_v2(contexts[0]));
  EXPECT_CODE(201, cuda.cuMemGetInfo_v2(&available, &total));
  EXPECT(used() == 150);
}

void dead_processes_give_back() {
  const int world = healthy_world();
  const Nvml nvml(world);
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  int ready[2];
  EXPECT(pipe(ready) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    const Cuda cuda(world);
    CudaContext context;
    EXPECT_CODE(0, cuda.cuInit(0));
    EXPECT_CODE(0, cuda.cuCtxCreate_v2(&context, 0, 0));
    EXPECT(write(ready[1], "x", 1) == 1);
    for (;;) pause();
  }
  char byte;
  NvmlMemory memory;
  EXPECT(read(ready[0], &byte, 1) == 1);
  EXPECT_CODE(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
  EXPECT(memory.used == 350);
  EXPECT(kill(pid, SIGKILL) == 0);
  siginfo_t info;
  EXPECT(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  EXPECT_CODE(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
  EXPECT(memory.used == 150);
  EXPECT(waitpid(pid, nullptr, 0) == pid);
}

void compute_modes() {
  CudaContext context;
  CudaContext second;
  in_child([&] {
    const Cuda cuda(healthy_world("devices.1.computeMode=2\n"));
    EXPECT_CODE(0, cuda.cuInit(0));
    EXPECT_CODE(46, cuda.cuCtxCreate_v2(&context, 0, 1));
    EXPECT_CODE(0, cuda.cuCtxCreate_v2(&context, 0, 0));
  });
  in_child([&] {
    const Cuda cuda(healthy_world("devices.1.computeMode=3\n"));
    int mode = 0;
    EXPECT_CODE(0, cuda.cuInit(0));
    EXPECT_CODE(0, cuda.cuDeviceGetAttribute(&mode, 20, 1));
    EXPECT(mode == 3);
    EXPECT_CODE(0, cuda.cuCtxCreate_v2(&context, 0, 1));
    EXPECT_CODE(46, cuda.cuCtxCreate_v2(&second, 0, 1));
    EXPECT_CODE(0, cuda.cuCtxDestroy_v2(context));
    EXPECT_CODE(0, cuda.cuCtxCreate_v2(&second, 0, 1));
  });
}

void access_revoked() {
  const int world = healthy_world("access=revoked\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  NodeStat status;
  EXPECT_CODE(999, nvml.nvmlInit_v2());
  EXPECT_CODE(100, cuda.cuInit(0));
  EXPECT_CODE(0, nvml.simulator->nodes->stat("/dev/nvidia3", &status));
  EXPECT(status.major == 195 && status.minor == 3 && status.character_device);
  EXPECT_CODE(-EPERM, nvml.simulator->nodes->access("/dev/nvidia3"));
}

// The same machine to four kinds of process: warm and fresh, NVML and CUDA.
void access_revoked_when_warm() {
  const int world = healthy_world("access=revoked-when-warm\n");
  const Nvml nvml(world);
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  const Cuda cuda(world);
  CudaContext context;
  EXPECT_CODE(0, cuda.cuInit(0));
  EXPECT_CODE(0, cuda.cuCtxCreate_v2(&context, 0, 0));
  EXPECT_CODE(0, cuda.simulator->nodes->access("/dev/nvidiactl"));
  in_child([&] {
    EXPECT_CODE(0, nvml.nvmlDeviceGetHandleByIndex_v2(1, &device));  // the last one: now it is warm
  });
  EXPECT_CODE(-EPERM, cuda.simulator->nodes->access("/dev/nvidiactl"));
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  unsigned value = 0;
  EXPECT_CODE(0, nvml.nvmlDeviceGetCount_v2(&value));
  EXPECT_CODE(0, nvml.nvmlDeviceGetTemperature(device, 0, &value));
  EXPECT(value == 54);
  EXPECT_CODE(0, nvml.nvmlDeviceGetHandleByIndex_v2(0, &device));
  EXPECT_CODE(999, nvml.nvmlDeviceGetHandleByIndex_v2(1, &device));
  EXPECT_CODE(0, cuda.cuInit(0));
  size_t bytes = 0;
  CudaDevicePointer pointer = 0;
  EXPECT_CODE(0, cuda.cuMemGetInfo_v2(&bytes, &bytes));
  EXPECT_CODE(800, cuda.cuMemAlloc_v2(&pointer, 1));
  EXPECT_CODE(0, cuda.cuCtxDestroy_v2(context));
  EXPECT_CODE(800, cuda.cuCtxCreate_v2(&context, 0, 0));
  EXPECT_CODE(0, nvml.nvmlShutdown());
  EXPECT_CODE(0, nvml.nvmlShutdown());
  EXPECT_CODE(999, nvml.nvmlInit_v2());
}

void fresh_process_after_revocation() {
  const int world = healthy_world("access=revoked-when-warm\n");
  in_child([&] {
    const Nvml nvml(world);
    const Cuda cuda(world);
    EXPECT_CODE(0, nvml.nvmlInit_v2());
    EXPECT_CODE(0, cuda.cuInit(0));
    nvml.device(0);
    nvml.device(1);
  });
  in_child([&] {
    EXPECT_CODE(999, Nvml(world).nvmlInitWithFlags(1));
    EXPECT_CODE(100, Cuda(world).cuInit(0));
  });
}

void lost_device() {
  const int world = healthy_world("devices.1.lost=true\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  NvmlDevice device;
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  EXPECT_CODE(15, nvml.nvmlDeviceGetHandleByIndex_v2(1, &device));
  EXPECT_CODE(0, cuda.cuInit(0));
  EXPECT(cuda.count() == 1);
  EXPECT_CODE(0, nvml.simulator->nodes->access("/dev/nvidia3"));
}

void lost_when_warm() {
  const int world = healthy_world("devices.1.lost=when-warm\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  CudaContext context;
  unsigned value = 0;
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(1);
  EXPECT_CODE(0, nvml.nvmlDeviceGetTemperature(device, 0, &value));
  nvml.device(0);
  EXPECT_CODE(0, cuda.cuInit(0));
  EXPECT_CODE(15, nvml.nvmlDeviceGetTemperature(device, 0, &value));
  EXPECT_CODE(999, cuda.cuCtxCreate_v2(&context, 0, 1));
  EXPECT_CODE(0, cuda.cuCtxCreate_v2(&context, 0, 0));
  in_child([&] {
    const Cuda fresh(world);
    EXPECT_CODE(3, fresh.cuInit(0));  // forked from a process that had CUDA open
  });
}

void faults_answer() {
  const int world = healthy_world(
      "faults.0.function=nvmlDeviceGetTemperature\nfaults.0.return=999\nfaults.0.device=1\n"
      "faults.1.function=nvmlDeviceGetTemperature\nfaults.1.delayMs=20\n"
      "faults.2.function=cuCtxCreate_v2\nfaults.2.return=800\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  unsigned value = 0;
  CudaContext context;
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  EXPECT_CODE(0, nvml.nvmlDeviceGetTemperature(nvml.device(0), 0, &value));
  EXPECT_CODE(999, nvml.nvmlDeviceGetTemperature(nvml.device(1), 0, &value));
  EXPECT_CODE(3, cuda.cuCtxCreate_v2(&context, 0, 0));
  EXPECT_CODE(0, cuda.cuInit(0));
  EXPECT_CODE(800, cuda.cuCtxCreate_v2(&context, 0, 0));
}

void init_fault_stops_both_ways_in() {
  const int world = healthy_world("faults.0.function=nvmlInit_v2\nfaults.0.return=999\n");
  const Nvml nvml(world);
  EXPECT_CODE(999, nvml.nvmlInit_v2());
  EXPECT_CODE(999, nvml.nvmlInitWithFlags(1));
  EXPECT_CODE(0, Cuda(world).cuInit(0));
}

void hangs() {
  expect_hang([] {
    const Nvml nvml(healthy_world("faults.0.function=nvmlInit_v2\nfaults.0.hang=true\n"));
    nvml.nvmlInitWithFlags(1);
  });
  expect_hang([] {
    const Cuda cuda(healthy_world("faults.0.function=cuCtxCreate_v2\nfaults.0.hang=true\n"));
    CudaContext context;
    EXPECT_CODE(0, cuda.cuInit(0));
    cuda.cuCtxCreate_v2(&context, 0, 0);
  });
}

const Nvml* stuck_nvml;

// A device call that hangs takes that device's calls and the last shutdown with it, and nothing
// else.
void hung_device_call_blocks_its_device() {
  const Nvml nvml(healthy_world(
      "faults.0.function=nvmlDeviceGetPowerUsage\nfaults.0.device=1\nfaults.0.hang=true\n"));
  stuck_nvml = &nvml;
  unsigned value = 0;
  EXPECT_CODE(0, nvml.nvmlInit_v2());
  EXPECT_CODE(0, nvml.nvmlDeviceGetPowerUsage(nvml.device(0), &value));
  const auto get_stuck = [](void*) -> void* {
    unsigned unused = 0;
    stuck_nvml->nvmlDeviceGetPowerUsage(stuck_nvml->device(1), &unused);
    return nullptr;
  };
  const auto with_stuck_thread = [&](auto body) {
    pthread_t thread;
    pthread_create(&thread, nullptr, get_stuck, nullptr);
    usleep(50000);
    body();
  };
  in_child([&] {
    with_stuck_thread([&] {
      EXPECT_CODE(0, nvml.nvmlDeviceGetTemperature(nvml.device(0), 0, &value));
      EXPECT_CODE(0, nvml.nvmlDeviceGetCount_v2(&value));
    });
  });
  NvmlDevice device = nvml.device(1);
  expect_hang(
      [&] { with_stuck_thread([&] { nvml.nvmlDeviceGetTemperature(device, 0, &value); }); });
  expect_hang([&] { with_stuck_thread([&] { nvml.nvmlShutdown(); }); });
}

void nodes_are_listed() {
  const Nvml nvml(healthy_world());
  static char names[256];
  const auto append = [](void*, const char* name) {
    strcat(names, name);
    strcat(names, " ");
  };
  EXPECT_CODE(0, nvml.simulator->nodes->list("/dev", append, nullptr));
  EXPECT_CODE(0, nvml.simulator->nodes->list("/proc/driver/nvidia/gpus", append, nullptr));
  EXPECT(strstr(names, "nvidiactl ") != nullptr && strstr(names, "nvidia3 ") != nullptr);
  EXPECT(strstr(names, "0000:01:00.0 0001:41:00.0 ") != nullptr);
  char text[512];
  EXPECT(nvml.simulator->nodes->read_file("/proc/driver/nvidia/version", text, sizeof text) > 0);
  EXPECT(strstr(text, "Kernel Module  535.261.03  ") != nullptr);
  EXPECT_CODE(-ENOENT, nvml.simulator->nodes->access("/dev/nvidia1"));
  EXPECT_CODE(3, nvml.simulator->nodes->read_file("/proc/driver/nvidia/version", text, 4));
}

struct Test {
  const char* name;
  void (*body)();
};

constexpr Test kTests[] = {
#define TEST(name) \
  { #name, name }
    TEST(malformed_worlds_are_refused),
    TEST(no_world_is_no_driver),
    TEST(environment_names_the_world),
    TEST(no_driver),
    TEST(init_is_counted),
    TEST(no_gpus),
    TEST(readings),
    TEST(lists),
    TEST(zero_readings),
    TEST(cuda_answers),
    TEST(visible_devices),
    TEST(contexts_cost_memory),
    TEST(dead_processes_give_back),
    TEST(compute_modes),
    TEST(access_revoked),
    TEST(access_revoked_when_warm),
    TEST(fresh_process_after_revocation),
    TEST(lost_device),
    TEST(lost_when_warm),
    TEST(faults_answer),
    TEST(init_fault_stops_both_ways_in),
    TEST(hangs),
    TEST(hung_device_call_blocks_its_device),
    TEST(nodes_are_listed),
#undef TEST
};

bool run(const Test& test) {
  fflush(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    unsetenv("CUDA_VISIBLE_DEVICES");
    unsetenv(kWorldVariable);
    test.body();
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  const bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (WIFSIGNALED(status)) fprintf(stderr, "%s: signal %d\n", test.name, WTERMSIG(status));
  printf("%s %s\n", passed ? "ok" : "not ok", test.name);
  return passed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: sim_test DIRECTORY\n");
    return 64;
  }
  directory = argv[1];
  unsigned passed = 0;
  unsigned failed = 0;
  for (const Test& test : kTests) ++(run(test) ? passed : failed);
  printf("%u passed, %u failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
