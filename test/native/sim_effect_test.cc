// The effect of faults on the process that they hit, and on the answers of its calls.
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "check.h"
#include "futex_wait.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;

constexpr unsigned kAbsurd = 0x7FFFFFFF;

// Returns the wait status of a process that runs `body`.
template <typename Body>
int status_of(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid);
  return status;
}

// A machine with this fault on this function, and NVML opened on it.
struct Faulty {
  Faulty(const std::string& function, const std::string& more)
      : world(healthy_world(fault(function, more))), nvml(world) {
    CHECK_EQ(0, nvml.nvmlInit_v2());
    device = nvml.device(0);
  }
  int world;
  Nvml nvml;
  NvmlDevice device;
};

void read_power(const Faulty& machine) {
  unsigned value = 0;
  machine.nvml.nvmlDeviceGetPowerUsage(machine.device, &value);
}

TEST("a crash is a signal") {
  const int segv =
      status_of([] { read_power(Faulty("nvmlDeviceGetPowerUsage", "effect=segv device=0")); });
  // A sanitizer reports the fault and exits.
  CHECK(WIFSIGNALED(segv) ? WTERMSIG(segv) == SIGSEGV : WEXITSTATUS(segv) != 0);
  const int abort =
      status_of([] { read_power(Faulty("nvmlDeviceGetPowerUsage", "effect=abort")); });
  CHECK(WIFSIGNALED(abort) ? WTERMSIG(abort) == SIGABRT : WEXITSTATUS(abort) != 0);
}

TEST("an exit runs the process's own handlers") {
  int ends[2];
  CHECK_EQ(0, pipe(ends));
  static int report;
  report = ends[1];
  const int status = status_of([] {
    atexit([] { CHECK(write(report, "x", 1) == 1); });
    read_power(Faulty("nvmlDeviceGetPowerUsage", "effect=exit code=7"));
  });
  char byte = 0;
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x');
}

// It runs and uses processor time; a process that hangs sleeps.
TEST("a busy loop spins") {
  const pid_t pid = fork();
  if (pid == 0) {
    read_power(Faulty("nvmlDeviceGetPowerUsage", "effect=busy-loop"));
    _exit(0);
  }
  clockid_t clock;
  CHECK_EQ(0, clock_getcpuclockid(pid, &clock));
  timespec used = {};
  while (clock_gettime(clock, &used) == 0 && used.tv_sec == 0 && used.tv_nsec < 300000000) {
    usleep(10000);
  }
  CHECK_EQ(0, waitpid(pid, nullptr, WNOHANG));
  CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, nullptr, 0) == pid);
}

TEST("garbage is random, other in each call, and the same in each run") {
  const auto two_calls = [](const char* seed) {
    const Faulty machine("nvmlDeviceGetMemoryInfo", std::string("effect=garbage seed=") + seed);
    NvmlMemory readings[2] = {};
    for (NvmlMemory& reading : readings) {
      CHECK_EQ(0, machine.nvml.nvmlDeviceGetMemoryInfo(machine.device, &reading));
    }
    CHECK(readings[0].total != 1000 && readings[0].used != 150);
    CHECK(readings[0].total != readings[1].total);
    return readings[1].total;
  };
  const auto in_a_run = [&](const char* seed) {
    int ends[2];
    CHECK_EQ(0, pipe(ends));
    gpuprobe::check::in_child([&] {
      const std::uint64_t number = two_calls(seed);
      CHECK(write(ends[1], &number, sizeof number) == sizeof number);
    });
    std::uint64_t number = 0;
    CHECK(read(ends[0], &number, sizeof number) == sizeof number);
    return number;
  };
  const std::uint64_t first = in_a_run("5");
  CHECK_EQ(first, in_a_run("5"));
  CHECK(first != in_a_run("6"));
}

TEST("garbage is in every number, struct, text and handle") {
  const auto one = [](const char* function) { return Faulty(function, "effect=garbage"); };
  gpuprobe::check::in_child([&] {
    const Faulty machine = one("nvmlDeviceGetTemperature");
    unsigned value = 54;
    CHECK_EQ(0, machine.nvml.nvmlDeviceGetTemperature(machine.device, 0, &value));
    CHECK(value != 54);
  });
  gpuprobe::check::in_child([&] {
    const Faulty machine = one("nvmlDeviceGetPciInfo_v3");
    NvmlPciInfo info = {};
    CHECK_EQ(0, machine.nvml.nvmlDeviceGetPciInfo_v3(machine.device, &info));
    CHECK(strncmp(info.bus_id, "00000000:01:00.0", 4) != 0 && info.bus != 1);
  });
  gpuprobe::check::in_child([&] {
    const Faulty machine = one("nvmlDeviceGetUUID");
    char text[96] = "";
    CHECK_EQ(0, machine.nvml.nvmlDeviceGetUUID(machine.device, text, sizeof text));
    CHECK(strncmp(text, "GPU-", 4) != 0);
  });
  gpuprobe::check::in_child([&] {
    const Faulty machine = one("nvmlDeviceGetComputeRunningProcesses_v2");
    NvmlProcessInfo processes[2] = {};
    unsigned count = 2;
    CHECK_EQ(
        0, machine.nvml.nvmlDeviceGetComputeRunningProcesses_v2(machine.device, &count, processes));
    CHECK(count != 2 && processes[0].pid != 41 && processes[1].gpu_instance_id != 0xFFFFFFFF);
  });
  gpuprobe::check::in_child([&] {
    const Cuda cuda(healthy_world(fault("cuCtxCreate_v2", "effect=garbage")));
    CudaContext context = nullptr;
    CHECK_EQ(0, cuda.cuInit(0));
    CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
    CHECK_EQ(201, cuda.cuCtxDestroy_v2(context));
  });
}

TEST("a text without an end fills its buffer and nothing else") {
  const Faulty machine("nvmlDeviceGetName", "effect=unterminated");
  char text[64];
  memset(text, '\0', sizeof text);
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetName(machine.device, text, 40));
  CHECK_EQ(40, strnlen(text, sizeof text));
  change_world(machine.world,
               healthy_text(fault("nvmlDeviceGetPciInfo_v3", "effect=unterminated generation=1")));
  NvmlPciInfo info = {};
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetPciInfo_v3(machine.device, &info));
  CHECK(memchr(info.bus_id, '\0', sizeof info.bus_id) == nullptr && info.bus == 1);
  const Cuda cuda(machine.world);
  change_world(machine.world,
               healthy_text(fault("cuDeviceGetPCIBusId", "effect=unterminated generation=2")));
  memset(text, '\0', sizeof text);
  CHECK_EQ(0, cuda.cuInit(0));
  CHECK_EQ(0, cuda.cuDeviceGetPCIBusId(text, 20, 0));
  CHECK_EQ(20, strnlen(text, sizeof text));
}

// More than there is room for, and no byte past the room.
TEST("absurd counts") {
  const Faulty machine("nvmlDeviceGetComputeRunningProcesses_v3", "effect=absurd-count");
  const Nvml& nvml = machine.nvml;
  NvmlProcessInfo processes[4];
  unsigned count = 0;
  CHECK_EQ(7, nvml.nvmlDeviceGetComputeRunningProcesses_v3(machine.device, &count, nullptr));
  CHECK(count > 0);
  bool huge = false;
  bool little = false;
  for (unsigned i = 0; i < 50; ++i) {
    memset(processes, 0x5a, sizeof processes);
    count = 3;
    CHECK_EQ(0, nvml.nvmlDeviceGetComputeRunningProcesses_v3(machine.device, &count, processes));
    CHECK(count > 3 && processes[3].pid == 0x5a5a5a5a);
    (count == 0xFFFFFFFF ? huge : little) = true;
  }
  CHECK(huge && little);
  const auto strike = [&](const char* function, const char* generation) {
    change_world(machine.world,
                 healthy_text(fault(function, std::string("effect=absurd-count ") + generation)));
  };
  strike("nvmlDeviceGetEncoderSessions", "generation=1");
  count = 0;
  CHECK_EQ(0, nvml.nvmlDeviceGetEncoderSessions(machine.device, &count, nullptr));
  CHECK(count > 0);
  strike("nvmlDeviceGetCount_v2", "generation=2");
  CHECK_EQ(0, nvml.nvmlDeviceGetCount_v2(&count));
  CHECK_EQ(kAbsurd, count);
  const Cuda cuda(machine.world);
  strike("cuDeviceGetCount", "generation=3");
  CHECK_EQ(0, cuda.cuInit(0));
  CHECK_EQ(kAbsurd, cuda.count());
}

// Both libraries, at exit() and at dlclose(). _exit() runs no destructor.
TEST("a deadlock at the exit is for those who opened the driver") {
  const int world = healthy_world("exit=deadlock\n");
  const auto open_and = [world](auto end) {
    return [world, end] {
      const Nvml nvml(world);
      CHECK_EQ(0, nvml.nvmlInit_v2());
      CHECK_EQ(0, nvml.nvmlShutdown());
      end(nvml.handle);
    };
  };
  expect_futex_wait(open_and([](void*) { exit(0); }));
  expect_futex_wait(open_and([](void* handle) { dlclose(handle); }));
  expect_futex_wait([world] {
    const Cuda cuda(world);
    CHECK_EQ(0, cuda.cuInit(0));
    exit(0);
  });
  CHECK_EQ(0, status_of(open_and([](void*) { _exit(0); })));
  CHECK_EQ(0, status_of([world] {
             const Nvml nvml(world);
             exit(0);
           }));
  // A child forked from a process that opened it.
  CHECK_EQ(0, status_of(open_and([](void*) {
             if (fork() == 0) exit(0);
             int status = -1;
             CHECK(wait(&status) > 0);
             _exit(status);
           })));
}

}  // namespace
