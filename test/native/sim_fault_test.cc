// Faults: functions that fail, delay or never return.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "check.h"
#include "futex_wait.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;

const Nvml* stuck_nvml;
std::atomic<pid_t> stuck_thread;

void* get_stuck(void*) {
  unsigned unused = 0;
  const NvmlDevice device = stuck_nvml->device(1);
  stuck_thread = gettid();
  stuck_nvml->nvmlDeviceGetPowerUsage(device, &unused);
  return nullptr;
}

// Runs `body` in a process whose other thread is stuck in a call on device 1.
template <typename Body>
void beside_stuck_thread(Body body) {
  pthread_t thread;
  CHECK_EQ(0, pthread_create(&thread, nullptr, get_stuck, nullptr));
  while (stuck_thread == 0) usleep(1000);
  wait_until_in_futex(getpid(), stuck_thread);
  body();
}

TEST("faults answer") {
  const int world = healthy_world(
      "faults=3\nfaults.0.function=nvmlDeviceGetTemperature\nfaults.0.effect=return\nfaults.0.code="
      "999\nfaults.0.device=1\n"
      "faults.1.function=nvmlDeviceGetTemperature\nfaults.1.delayMs=20\n"
      "faults.2.function=cuCtxCreate_v2\nfaults.2.effect=return\nfaults.2.code=800\n");
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

TEST("a fault of the initialisation stops both ways in") {
  const int world = healthy_world(
      "faults=1\nfaults.0.function=nvmlInit_v2\nfaults.0.effect=return\nfaults.0.code=999\n");
  const Nvml nvml(world);
  CHECK_EQ(999, nvml.nvmlInit_v2());
  CHECK_EQ(999, nvml.nvmlInitWithFlags(1));
  CHECK_EQ(0, Cuda(world).cuInit(0));
}

TEST("functions that hang") {
  expect_futex_wait([] {
    const Nvml nvml(
        healthy_world("faults=1\nfaults.0.function=nvmlInit_v2\nfaults.0.effect=hang\n"));
    nvml.nvmlInitWithFlags(1);
  });
  expect_futex_wait([] {
    const Cuda cuda(
        healthy_world("faults=1\nfaults.0.function=cuCtxCreate_v2\nfaults.0.effect=hang\n"));
    CudaContext context;
    CHECK_EQ(0, cuda.cuInit(0));
    cuda.cuCtxCreate_v2(&context, 0, 0);
  });
}

// A device call that hangs blocks that device's calls and the last shutdown, and nothing else.
TEST("a hung call blocks its device") {
  const Nvml nvml(
      healthy_world("faults=1\nfaults.0.function=nvmlDeviceGetPowerUsage\nfaults.0.device="
                    "1\nfaults.0.effect=hang\n"));
  stuck_nvml = &nvml;
  unsigned value = 0;
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, nvml.nvmlDeviceGetPowerUsage(nvml.device(0), &value));
  gpuprobe::check::in_child([&] {
    beside_stuck_thread([&] {
      CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(nvml.device(0), 0, &value));
      CHECK_EQ(0, nvml.nvmlDeviceGetCount_v2(&value));
    });
  });
  const NvmlDevice device = nvml.device(1);
  expect_futex_wait(
      [&] { beside_stuck_thread([&] { nvml.nvmlDeviceGetTemperature(device, 0, &value); }); });
  expect_futex_wait([&] { beside_stuck_thread([&] { nvml.nvmlShutdown(); }); });
}

// Returns the result of each of `calls` calls, made in processes of four at a time: "." for
// success, "l" for a lost GPU, "x" for any other failure.
std::string strikes(int world, unsigned calls) {
  std::string struck;
  for (unsigned i = 0; i < calls; i += 4) {
    int ends[2];
    CHECK_EQ(0, pipe(ends));
    gpuprobe::check::in_child([&] {
      const Nvml nvml(world);
      CHECK_EQ(0, nvml.nvmlInit_v2());
      for (unsigned call = 0; call < 4; ++call) {
        unsigned value = 0;
        const int code = nvml.nvmlDeviceGetTemperature(nvml.device(0), 0, &value);
        CHECK(write(ends[1], code == 0 ? "." : code == 15 ? "l" : "x", 1) == 1);
      }
    });
    char four[4];
    CHECK(read(ends[0], four, sizeof four) == sizeof four);
    struck.append(four, sizeof four);
  }
  return struck;
}

constexpr char kTemperature[] = "nvmlDeviceGetTemperature";

TEST("a fault strikes from one call to another, counted over all processes") {
  CHECK_EQ(
      "......xxx...",
      strikes(healthy_world(fault(kTemperature, "effect=return code=999 fromCall=7 calls=3")), 12));
  CHECK_EQ("....xxxx",
           strikes(healthy_world(fault(kTemperature, "effect=return code=999 fromCall=5")), 8));
  CHECK_EQ("x.......",
           strikes(healthy_world(fault(kTemperature, "effect=return code=999 calls=1")), 8));
}

TEST("calls of another device do not count") {
  const int world =
      healthy_world(fault(kTemperature, "effect=return code=999 device=1 fromCall=2"));
  const Nvml nvml(world);
  unsigned value = 0;
  CHECK_EQ(0, nvml.nvmlInit_v2());
  for (int i = 0; i < 5; ++i) {
    CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(nvml.device(0), 0, &value));
  }
  CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(nvml.device(1), 0, &value));
  CHECK_EQ(999, nvml.nvmlDeviceGetTemperature(nvml.device(1), 0, &value));
}

TEST("a fault that is replaced is counted anew; one that stays is not") {
  const auto with = [](const char* generation, const char* celsius) {
    return healthy_text(
        fault(kTemperature,
              std::string("effect=return code=999 calls=5 generation=") + generation) +
        "devices.0.temperatureCelsius=" + celsius + "\n");
  };
  const int world = make_world(with("7", "50"));
  CHECK_EQ("xxxx", strikes(world, 4));
  change_world(world, with("7", "60"));
  CHECK_EQ("x...", strikes(world, 4));
  change_world(world, with("8", "60"));
  CHECK_EQ("xxxxx...", strikes(world, 8));
  change_world(world, with("3", "60"));
  CHECK_EQ("xxxxx...", strikes(world, 8));
}

TEST("each fault counts every call, also those that one before it strikes") {
  const int world = healthy_world(
      "faults=2\nfaults.0.function=nvmlDeviceGetTemperature\nfaults.0.effect=return\n"
      "faults.0.code=999\nfaults.0.calls=2\n"
      "faults.1.function=nvmlDeviceGetTemperature\nfaults.1.effect=return\nfaults.1.code=15\n"
      "faults.1.fromCall=2\nfaults.1.calls=2\n");
  CHECK_EQ("xxl.", strikes(world, 4));
}

TEST("a fault that strikes by chance strikes the same calls in each run") {
  const auto run = [](const char* seed) {
    return strikes(healthy_world(fault(
                       kTemperature,
                       std::string("effect=return code=999 probabilityPpm=250000 seed=") + seed)),
                   200);
  };
  const std::string first = run("1");
  CHECK_EQ(first, run("1"));
  CHECK(first != run("2"));
  const auto count = std::count(first.begin(), first.end(), 'x');
  CHECK(count > 25 && count < 75);
  CHECK_EQ(
      std::string(8, '.'),
      strikes(healthy_world(fault(kTemperature, "effect=return code=999 probabilityPpm=0")), 8));
}

TEST("a fault has its time") {
  const std::string text =
      healthy_text(fault(kTemperature, "effect=return code=999 fromMs=1000000 toMs=100000000"));
  CHECK_EQ("....", strikes(make_world(text), 4));
  CHECK_EQ("xxxx", strikes(make_world(text, 1000, 1000000), 4));
  CHECK_EQ("....", strikes(make_world(text, 1000, 100000000), 4));
}

TEST("what comes before the driver is asked comes before a fault") {
  const int world = healthy_world(fault(kTemperature, "effect=segv"));
  const Nvml nvml(world);
  unsigned value = 0;
  CHECK_EQ(1, nvml.nvmlDeviceGetTemperature(nullptr, 0, &value));
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(2, nvml.nvmlDeviceGetTemperature(nullptr, 0, &value));
  const NvmlDevice device = nvml.device(0);
  change_world(world, healthy_text("devices.0.lost=true\n" + fault(kTemperature, "effect=segv")));
  CHECK_EQ(15, nvml.nvmlDeviceGetTemperature(device, 0, &value));
}

}  // namespace
