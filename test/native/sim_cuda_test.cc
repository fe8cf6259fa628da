// Simulated CUDA: devices, contexts and their memory.
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "check.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;

TEST("CUDA answers") {
  const Cuda cuda(healthy_world());
  int count = 0;
  CHECK_EQ(3, cuda.cuDeviceGetCount(&count));
  CHECK_EQ(1, cuda.cuInit(1));
  CHECK_EQ(0, cuda.cuInit(0));
  CHECK(cuda.count() == 2);
  CudaDevice device = -1;
  CHECK_EQ(101, cuda.cuDeviceGet(&device, 2));
  CHECK_EQ(0, cuda.cuDeviceGet(&device, 1));
  char bus_id[16];
  CHECK_EQ(1, cuda.cuDeviceGetPCIBusId(bus_id, 12, device));
  CHECK_EQ(0, cuda.cuDeviceGetPCIBusId(bus_id, 13, device));
  CHECK_EQ("0001:41:00.0", bus_id);
  CHECK_EQ(201, cuda.cuCtxDestroy_v2(reinterpret_cast<CudaContext>(bus_id)));
  gpuprobe::check::in_child([&] { CHECK_EQ(3, cuda.cuInit(0)); });
}

TEST("CUDA_VISIBLE_DEVICES chooses and orders devices") {
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
    gpuprobe::check::in_child([&] {
      setenv("CUDA_VISIBLE_DEVICES", example.variable, 1);
      const Cuda cuda(world);
      CHECK_EQ(example.count == 0 ? 100 : 0, cuda.cuInit(0));
      if (example.count == 0) return;
      CudaUuid uuid;
      CHECK(cuda.count() == example.count);
      CHECK_EQ(0, cuda.cuDeviceGetUuid(&uuid, 0));
      CHECK(uuid.bytes[0] == example.first_byte);
    });
  }
}

TEST("contexts cost memory") {
  const int world = healthy_world();
  const Nvml nvml(world);
  const Cuda cuda(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  const auto used = [&] {
    NvmlMemory memory;
    CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
    CHECK(memory.used + memory.free == memory.total);
    return memory.used;
  };
  CHECK_EQ(0, cuda.cuInit(0));
  CudaContext contexts[5];
  for (int i = 0; i < 4; ++i) CHECK_EQ(0, cuda.cuCtxCreate_v2(&contexts[i], 4, 0));
  CHECK_EQ(2, cuda.cuCtxCreate_v2(&contexts[4], 4, 0));
  size_t available = 0;
  size_t total = 0;
  CHECK_EQ(0, cuda.cuMemGetInfo_v2(&available, &total));
  CHECK(available == 50 && total == 950 && used() == 950);
  CudaDevicePointer pointer = 0;
  CHECK_EQ(2, cuda.cuMemAlloc_v2(&pointer, 51));
  CHECK_EQ(0, cuda.cuMemAlloc_v2(&pointer, 50));
  CHECK(used() == 1000);
  CHECK_EQ(0, cuda.cuMemFree_v2(pointer));
  CHECK_EQ(1, cuda.cuMemFree_v2(pointer));
  for (int i = 3; i >= 0; --i) CHECK_EQ(0, cuda.cuCtxDestroy_v2(contexts[i]));
  CHECK_EQ(201, cuda.cuCtxDestroy_v2(contexts[0]));
  CHECK_EQ(201, cuda.cuMemGetInfo_v2(&available, &total));
  CHECK(used() == 150);
}

TEST("dead processes give their memory back") {
  const int world = healthy_world();
  const Nvml nvml(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  int ready[2];
  CHECK(pipe(ready) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    const Cuda cuda(world);
    CudaContext context;
    CHECK_EQ(0, cuda.cuInit(0));
    CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
    CHECK(write(ready[1], "x", 1) == 1);
    for (;;) pause();
  }
  char byte;
  NvmlMemory memory;
  CHECK(read(ready[0], &byte, 1) == 1);
  CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
  CHECK_EQ(350, memory.used);
  CHECK(kill(pid, SIGKILL) == 0);
  siginfo_t info;
  CHECK(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
  CHECK_EQ(150, memory.used);
  CHECK(waitpid(pid, nullptr, 0) == pid);
}

// Destroyed, refused, or in a process that was killed.
TEST("a context that ends leaves a leak behind, once") {
  const int world = healthy_world("devices.0.leakBytesPerContext=30\n");
  const Nvml nvml(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  const auto used = [&] {
    NvmlMemory memory;
    CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo(device, &memory));
    return memory.used;
  };
  const auto with_context = [&](auto end) {
    const pid_t pid = fork();
    if (pid == 0) {
      const Cuda cuda(world);
      CudaContext context;
      CHECK_EQ(0, cuda.cuInit(0));
      CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
      end(cuda, context);
      _exit(0);
    }
    CHECK(waitpid(pid, nullptr, 0) == pid);
  };
  with_context([](const Cuda& cuda, CudaContext context) {
    CHECK_EQ(0, cuda.cuCtxDestroy_v2(context));
    CHECK_EQ(201, cuda.cuCtxDestroy_v2(context));
  });
  CHECK_EQ(180, used());
  with_context([](const Cuda&, CudaContext) { kill(getpid(), SIGKILL); });
  CHECK_EQ(210, used());
  CHECK_EQ(210, used());
  gpuprobe::check::in_child([&] { CHECK_EQ(210, used()); });
  const Cuda cuda(world);
  CHECK_EQ(0, cuda.cuInit(0));
  CudaContext contexts[4];
  for (int i = 0; i < 3; ++i) CHECK_EQ(0, cuda.cuCtxCreate_v2(&contexts[i], 0, 0));
  CHECK_EQ(2, cuda.cuCtxCreate_v2(&contexts[3], 0, 0));
  CHECK_EQ(810, used());
  for (int i = 0; i < 3; ++i) CHECK_EQ(0, cuda.cuCtxDestroy_v2(contexts[i]));
  CHECK_EQ(300, used());
  // A context that was refused leaves nothing.
  change_world(world, healthy_text("devices.0.leakBytesPerContext=30\n"
                                   "devices.0.contextBytes=900\n"));
  for (int i = 0; i < 4; ++i) CHECK_EQ(2, cuda.cuCtxCreate_v2(&contexts[0], 0, 0));
  CHECK_EQ(300, used());
  // What has leaked stays, even if contexts no longer leak.
  change_world(world, healthy_text("devices.0.leakBytesPerContext=0\n"));
  CHECK_EQ(300, used());
  CHECK_EQ(0, cuda.cuCtxCreate_v2(&contexts[0], 0, 0));
  CHECK_EQ(0, cuda.cuCtxDestroy_v2(contexts[0]));
  CHECK_EQ(300, used());
}

TEST("leaks fill the device and no more") {
  const int world = healthy_world("devices.0.leakBytesPerContext=700\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, cuda.cuInit(0));
  CudaContext contexts[2];
  for (CudaContext& context : contexts) CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
  for (CudaContext& context : contexts) CHECK_EQ(0, cuda.cuCtxDestroy_v2(context));
  NvmlMemory memory;
  CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo(nvml.device(0), &memory));
  CHECK(memory.used == 1000 && memory.free == 0);
  CHECK_EQ(2, cuda.cuCtxCreate_v2(&contexts[0], 0, 0));
}

// Processes that are killed at some moment of their contexts' lives: they leave one leak for each
// counted context, plus at most one per process.
TEST("leaks are counted once, whenever a process is killed") {
  constexpr unsigned kProcesses = 40;
  const int world =
      healthy_world("devices.0.memory.totalBytes=1000000000\ndevices.0.leakBytesPerContext=1\n");
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  auto* created = static_cast<std::atomic<unsigned>*>(memory);
  for (unsigned i = 0; i < kProcesses; ++i) {
    const unsigned before = created->load();
    const pid_t pid = fork();
    if (pid == 0) {
      const Cuda cuda(world);
      CHECK_EQ(0, cuda.cuInit(0));
      for (;;) {
        CudaContext context;
        CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
        created->fetch_add(1);
        CHECK_EQ(0, cuda.cuCtxDestroy_v2(context));
      }
    }
    while (created->load() == before) usleep(100);
    usleep(i * 137);
    CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, nullptr, 0) == pid);
  }
  const Nvml nvml(world);
  NvmlMemory reading;
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, nvml.nvmlDeviceGetMemoryInfo(nvml.device(0), &reading));
  const std::uint64_t leaked = reading.used - 150;
  CHECK(created->load() > kProcesses);
  CHECK(leaked >= created->load() && leaked <= created->load() + kProcesses);
}

TEST("compute modes forbid contexts") {
  CudaContext context;
  CudaContext second;
  gpuprobe::check::in_child([&] {
    const Cuda cuda(healthy_world("devices.1.computeMode=2\n"));
    CHECK_EQ(0, cuda.cuInit(0));
    CHECK_EQ(46, cuda.cuCtxCreate_v2(&context, 0, 1));
    CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
  });
  gpuprobe::check::in_child([&] {
    const Cuda cuda(healthy_world("devices.1.computeMode=3\n"));
    int mode = 0;
    CHECK_EQ(0, cuda.cuInit(0));
    CHECK_EQ(0, cuda.cuDeviceGetAttribute(&mode, 20, 1));
    CHECK_EQ(3, mode);
    CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 1));
    CHECK_EQ(46, cuda.cuCtxCreate_v2(&second, 0, 1));
    CHECK_EQ(0, cuda.cuCtxDestroy_v2(context));
    CHECK_EQ(0, cuda.cuCtxCreate_v2(&second, 0, 1));
  });
}

}  // namespace
