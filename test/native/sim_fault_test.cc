// Faults: functions that fail, take their time or never return.
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>

#include "check.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;

// Waits until a thread sleeps in a futex. Where the kernel does not tell (no ptrace, no such file),
// gives it a moment instead.
void wait_until_in_futex(pid_t process, pid_t thread) {
  const std::string path =
      "/proc/" + std::to_string(process) + "/task/" + std::to_string(thread) + "/syscall";
  const std::string futex = std::to_string(SYS_futex) + " ";
  for (int round = 0; round < 6000; ++round) {
    std::string text;
    std::ifstream file(path);
    std::getline(file, text);
    if (text.rfind(futex, 0) == 0) return;
    if (text.empty() && round >= 30) return;
    usleep(5000);
  }
  CHECK(!"the thread never waited in a futex");
}

// Runs `body` in a process and expects that it never returns, in a futex wait.
template <typename Body>
void expect_hang(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  wait_until_in_futex(pid, pid);
  int status = 0;
  CHECK_EQ(0, waitpid(pid, &status, WNOHANG));
  CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

const Nvml* stuck_nvml;
std::atomic<pid_t> stuck_thread;

void* get_stuck(void*) {
  unsigned unused = 0;
  const NvmlDevice device = stuck_nvml->device(1);
  stuck_thread = gettid();
  stuck_nvml->nvmlDeviceGetPowerUsage(device, &unused);
  return nullptr;
}

// Runs `body` in a process that has another thread stuck in a call on device 1.
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
  expect_hang([] {
    const Nvml nvml(
        healthy_world("faults=1\nfaults.0.function=nvmlInit_v2\nfaults.0.effect=hang\n"));
    nvml.nvmlInitWithFlags(1);
  });
  expect_hang([] {
    const Cuda cuda(
        healthy_world("faults=1\nfaults.0.function=cuCtxCreate_v2\nfaults.0.effect=hang\n"));
    CudaContext context;
    CHECK_EQ(0, cuda.cuInit(0));
    cuda.cuCtxCreate_v2(&context, 0, 0);
  });
}

// A device call that hangs takes that device's calls and the last shutdown with it, and nothing
// else.
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
  expect_hang(
      [&] { beside_stuck_thread([&] { nvml.nvmlDeviceGetTemperature(device, 0, &value); }); });
  expect_hang([&] { beside_stuck_thread([&] { nvml.nvmlShutdown(); }); });
}

}  // namespace
