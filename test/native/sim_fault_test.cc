// Faults: functions that fail, take their time or never return.
@@INC@@
namespace {

using namespace gpuprobe::test;

TEST("faults answer") {
  const int world = healthy_world(
      "faults.0.function=nvmlDeviceGetTemperature\nfaults.0.return=999\nfaults.0.device=1\n"
      "faults.1.function=nvmlDeviceGetTemperature\nfaults.1.delayMs=20\n"
      "faults.2.function=cuCtxCreate_v2\nfaults.2.return=800\n");
  const Nvml nvml(world);
  const Cuda cuda(world);
  unsigned value = 0;
  CudaContext context;
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(nvml.device(0), 0, &value));
  CHECK_EQ(999, nvml.nvmlDeviceGetTemperature(nvml.device(1), 0, &value));
  CHECK_EQ(3, cuda.cuCtxCreate_v2(&context, 0, 0));
  CHECK_EQ(0, cuda.cuInit(0));
  CHECK_EQ(800, cuda.cuCtxCreate_v2(&context, 0, 0));
}

TEST("init fault stops both ways in") {
  const int world = healthy_world("faults.0.function=nvmlInit_v2\nfaults.0.return=999\n");
  const Nvml nvml(world);
  CHECK_EQ(999, nvml.nvmlInit_v2());
  CHECK_EQ(999, nvml.nvmlInitWithFlags(1));
  CHECK_EQ(0, Cuda(world).cuInit(0));
}

TEST("hangs") {
  expect_hang([] {
    const Nvml nvml(healthy_world("faults.0.function=nvmlInit_v2\nfaults.0.hang=true\n"));
    nvml.nvmlInitWithFlags(1);
  });
  expect_hang([] {
    const Cuda cuda(healthy_world("faults.0.function=cuCtxCreate_v2\nfaults.0.hang=true\n"));
    CudaContext context;
    CHECK_EQ(0, cuda.cuInit(0));
    cuda.cuCtxCreate_v2(&context, 0, 0);
  });
}

const Nvml* stuck_nvml;

// A device call that hangs takes that device's calls and the last shutdown with it, and nothing
// else.
TEST("hung device call blocks its device") {
  const Nvml nvml(healthy_world(
      "faults.0.function=nvmlDeviceGetPowerUsage\nfaults.0.device=1\nfaults.0.hang=true\n"));
  stuck_nvml = &nvml;
  unsigned value = 0;
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, nvml.nvmlDeviceGetPowerUsage(nvml.device(0), &value));
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
      CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(nvml.device(0), 0, &value));
      CHECK_EQ(0, nvml.nvmlDeviceGetCount_v2(&value));
    });
  });
  NvmlDevice device = nvml.device(1);
  expect_hang(
      [&] { with_stuck_thread([&] { nvml.nvmlDeviceGetTemperature(device, 0, &value); }); });
  expect_hang([&] { with_stuck_thread([&] { nvml.nvmlShutdown(); }); });
}

}  // namespace
