// One cause, and how its effect depends on what a process had opened before.
#include <errno.h>

#include "check.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;

TEST("revoked access") {
  const int world = healthy_world("access=revoked\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  NodeStat status;
  CHECK_EQ(999, nvml.nvmlInit_v2());
  CHECK_EQ(100, cuda.cuInit(0));
  CHECK_EQ(0, nvml.simulator->nodes->stat("/dev/nvidia3", &status));
  CHECK(status.major == 195 && status.minor == 3 && status.character_device);
  CHECK_EQ(-EPERM, nvml.simulator->nodes->access("/dev/nvidia3"));
}

// The same machine seen by four kinds of process: warm and fresh, NVML and CUDA.
TEST("access revoked once the machine is warm") {
  const int world = healthy_world("access=revoked-when-warm\n");
  const Nvml nvml(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(0);
  const Cuda cuda(world);
  CudaContext context;
  CHECK_EQ(0, cuda.cuInit(0));
  CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
  CHECK_EQ(0, cuda.simulator->nodes->access("/dev/nvidiactl"));
  gpuprobe::check::in_child([&] {
    CHECK_EQ(0, nvml.nvmlDeviceGetHandleByIndex_v2(1, &device));  // the last device: now the
                                                                  // machine is warm
  });
  CHECK_EQ(-EPERM, cuda.simulator->nodes->access("/dev/nvidiactl"));
  CHECK_EQ(0, nvml.nvmlInit_v2());
  unsigned value = 0;
  CHECK_EQ(0, nvml.nvmlDeviceGetCount_v2(&value));
  CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(device, 0, &value));
  CHECK_EQ(54, value);
  CHECK_EQ(0, nvml.nvmlDeviceGetHandleByIndex_v2(0, &device));
  CHECK_EQ(999, nvml.nvmlDeviceGetHandleByIndex_v2(1, &device));
  CHECK_EQ(0, cuda.cuInit(0));
  size_t bytes = 0;
  CudaDevicePointer pointer = 0;
  CHECK_EQ(0, cuda.cuMemGetInfo_v2(&bytes, &bytes));
  CHECK_EQ(800, cuda.cuMemAlloc_v2(&pointer, 1));
  CHECK_EQ(0, cuda.cuCtxDestroy_v2(context));
  CHECK_EQ(800, cuda.cuCtxCreate_v2(&context, 0, 0));
  CHECK_EQ(0, nvml.nvmlShutdown());
  CHECK_EQ(0, nvml.nvmlShutdown());
  CHECK_EQ(999, nvml.nvmlInit_v2());
}

TEST("a fresh process after the revocation") {
  const int world = healthy_world("access=revoked-when-warm\n");
  gpuprobe::check::in_child([&] {
    const Nvml nvml(world);
    const Cuda cuda(world);
    CHECK_EQ(0, nvml.nvmlInit_v2());
    CHECK_EQ(0, cuda.cuInit(0));
    nvml.device(0);
    nvml.device(1);
  });
  gpuprobe::check::in_child([&] {
    CHECK_EQ(999, Nvml(world).nvmlInitWithFlags(1));
    CHECK_EQ(100, Cuda(world).cuInit(0));
  });
}

// The libraries of an upgrade with the module that was loaded before it.
TEST("libraries of another version than the module") {
  const auto codes = [](const char* more, int nvml_code, int cuda_code) {
    gpuprobe::check::in_child([&] {
      const int world = healthy_world(std::string("driver.version=535.216.01\n") + more);
      const Nvml nvml(world);
      const Cuda cuda(world);
      char text[80];
      int version = 0;
      CHECK_EQ(nvml_code, nvml.nvmlInit_v2());
      CHECK_EQ(nvml_code, nvml.nvmlInitWithFlags(1));
      CHECK_EQ(cuda_code, cuda.cuInit(0));
      CHECK_EQ(0, nvml.nvmlSystemGetNVMLVersion(text, sizeof text));
      CHECK_EQ(0, cuda.cuDriverGetVersion(&version));
      CHECK_EQ(12020, version);
    });
  };
  codes("", 18, 803);
  codes("access=revoked\n", 999, 100);
  codes("driver.nvmlVersion=12.535.216.01\n", 0, 0);
}

TEST("a lost device") {
  const int world = healthy_world("devices.1.lost=true\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  NvmlDevice device;
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(15, nvml.nvmlDeviceGetHandleByIndex_v2(1, &device));
  CHECK_EQ(0, cuda.cuInit(0));
  CHECK(cuda.count() == 1);
  CHECK_EQ(0, nvml.simulator->nodes->access("/dev/nvidia3"));
}

TEST("a device lost once the machine is warm") {
  const int world = healthy_world("devices.1.lost=when-warm\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  CudaContext context;
  unsigned value = 0;
  CHECK_EQ(0, nvml.nvmlInit_v2());
  NvmlDevice device = nvml.device(1);
  CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(device, 0, &value));
  nvml.device(0);
  CHECK_EQ(0, cuda.cuInit(0));
  CHECK_EQ(15, nvml.nvmlDeviceGetTemperature(device, 0, &value));
  CHECK_EQ(999, cuda.cuCtxCreate_v2(&context, 0, 1));
  CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
  gpuprobe::check::in_child([&] {
    const Cuda fresh(world);
    CHECK_EQ(3, fresh.cuInit(0));  // forked from a process that had CUDA open
  });
}

}  // namespace
