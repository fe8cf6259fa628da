// A machine that changes while programs run on it.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "check.h"
#include "descriptors.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;
using gpuprobe::driver::kWorldVariable;

unsigned temperature(const Nvml& nvml, NvmlDevice device) {
  unsigned celsius = 0;
  CHECK_EQ(0, nvml.nvmlDeviceGetTemperature(device, 0, &celsius));
  return celsius;
}

TEST("a change is seen by the next call, in every process") {
  const int world = healthy_world();
  const Nvml nvml(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  const NvmlDevice device = nvml.device(0);
  CHECK_EQ(54, temperature(nvml, device));
  gpuprobe::check::in_child(
      [&] { change_world(world, healthy_text("devices.0.temperatureCelsius=71\n")); });
  CHECK_EQ(71, temperature(nvml, device));
  gpuprobe::check::in_child([&] { CHECK_EQ(71, temperature(nvml, device)); });
  const Cuda cuda(world);
  change_world(world, healthy_text("devices.1.lost=true\n"));
  CHECK_EQ(0, cuda.cuInit(0));
  CHECK(cuda.count() == 1);
  NvmlDevice other;
  CHECK_EQ(15, nvml.nvmlDeviceGetHandleByIndex_v2(1, &other));
}

TEST("access is taken away and given back") {
  const int world = healthy_world();
  const Nvml nvml(world);
  const Cuda cuda(world);
  CudaContext context;
  NvmlDevice device;
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, cuda.cuInit(0));
  change_world(world, healthy_text("access=revoked\n"));
  CHECK_EQ(999, nvml.nvmlDeviceGetHandleByIndex_v2(0, &device));
  CHECK_EQ(800, cuda.cuCtxCreate_v2(&context, 0, 0));
  CHECK_EQ(-EPERM, nvml.simulator->nodes->access("/dev/nvidia0"));
  change_world(world, healthy_text("access=granted\n"));
  CHECK_EQ(0, nvml.nvmlDeviceGetHandleByIndex_v2(0, &device));
  CHECK_EQ(0, cuda.cuCtxCreate_v2(&context, 0, 0));
  CHECK_EQ(0, nvml.simulator->nodes->access("/dev/nvidia0"));
}

TEST("an event is told once, to each set that the device is registered in") {
  const int world = healthy_world("devices.0.xid=13\n");
  const Nvml machine(world);
  CHECK_EQ(0, machine.nvmlInit_v2());
  const NvmlDevice gpu = machine.device(0);
  NvmlEventSet sets[2] = {};
  unsigned long long types = 0;
  CHECK_EQ(0, machine.nvmlDeviceGetSupportedEventTypes(gpu, &types));
  CHECK_EQ(8u, types);
  for (NvmlEventSet& set : sets) {
    CHECK_EQ(0, machine.nvmlEventSetCreate(&set));
    CHECK_EQ(0, machine.nvmlDeviceRegisterEvents(gpu, types, set));
  }
  CHECK_EQ(3, machine.nvmlDeviceRegisterEvents(gpu, 2, sets[0]));
  CHECK_EQ(2, machine.nvmlDeviceRegisterEvents(gpu, types, nullptr));
  NvmlEventData event = {};
  // An Xid from before the registration is not an event.
  CHECK_EQ(10, machine.nvmlEventSetWait_v2(sets[0], &event, 20));
  change_world(world, healthy_text("devices.0.xid=79\ndevices.1.xid=31\n"));
  for (const NvmlEventSet set : sets) {
    CHECK_EQ(0, machine.nvmlEventSetWait_v2(set, &event, 1000));
    CHECK(event.device == gpu);
    CHECK_EQ(8u, event.event_type);
    CHECK_EQ(79u, event.event_data);
    CHECK_EQ(10, machine.nvmlEventSetWait_v2(set, &event, 0));
  }
  // The same number is a new event once it was gone.
  change_world(world, healthy_text());
  CHECK_EQ(10, machine.nvmlEventSetWait_v2(sets[0], &event, 0));
  change_world(world, healthy_text("devices.0.xid=79\n"));
  CHECK_EQ(0, machine.nvmlEventSetWait_v2(sets[0], &event, 0));
  CHECK_EQ(0, machine.nvmlEventSetFree(sets[0]));
  CHECK_EQ(2, machine.nvmlEventSetWait_v2(sets[0], &event, 0));
}

TEST("a malformed change leaves the machine as it is, and the next sound one holds") {
  const int world = healthy_world();
  const Nvml nvml(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  const NvmlDevice device = nvml.device(0);
  const std::string malformed[] = {
      "", "format=2\n", healthy_text("surprise=1\n"), healthy_text("devices.0.uuid=x\n"),
      // The number of devices must not change: handles refer to devices by index.
      std::string(kHead) + "devices=1\n" + kDevice0 + "devices.0.temperatureCelsius=72\n"};
  for (const std::string& text : malformed) {
    change_world(world, text);
    CHECK_EQ(54, temperature(nvml, device));
  }
  change_world(world, healthy_text("devices.0.temperatureCelsius=71\n"));
  CHECK_EQ(71, temperature(nvml, device));
}

// A program may close descriptors it does not know, and open something else in their place, even
// another machine. Then its own machine no longer changes, and it counts no calls of faults that it
// does not know.
TEST("a program that has closed the simulator's descriptor goes on") {
  const auto text = [](const char* celsius, const char* generation) {
    return healthy_text(
        "devices.0.temperatureCelsius=" + std::string(celsius) + "\n" +
        fault("nvmlDeviceGetPowerUsage",
              std::string("effect=return code=999 calls=3 generation=") + generation));
  };
  const int world = make_world(text("54", "1"));
  const int other_world = make_world(text("80", "1"));
  const auto read_power = [](const Nvml& nvml) {
    unsigned value = 0;
    return nvml.nvmlDeviceGetPowerUsage(nvml.device(0), &value);
  };
  int turns[2][2];
  CHECK(pipe(turns[0]) == 0 && pipe(turns[1]) == 0);
  char byte = 0;
  const pid_t pid = fork();
  if (pid == 0) {
    const unsigned before = gpuprobe::check::descriptors_of("self");
    const Nvml nvml(world);
    CHECK_EQ(before + 1, gpuprobe::check::descriptors_of("self"));
    CHECK_EQ(0, nvml.nvmlInit_v2());
    const int next = dup(other_world);
    CHECK(dup2(other_world, next - 1) >= 0);
    CHECK(write(turns[0][1], "x", 1) == 1 && read(turns[1][0], &byte, 1) == 1);
    CHECK_EQ(54, temperature(nvml, nvml.device(0)));
    CHECK_EQ(0, read_power(nvml));
    _exit(0);
  }
  CHECK(read(turns[0][0], &byte, 1) == 1);
  change_world(world, text("71", "2"));
  change_world(other_world, text("81", "2"));
  const Nvml nvml(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(71, temperature(nvml, nvml.device(0)));
  CHECK_EQ(999, read_power(nvml));
  CHECK(write(turns[1][1], "x", 1) == 1);
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  CHECK_EQ(999, read_power(nvml));
  CHECK_EQ(999, read_power(nvml));
  CHECK_EQ(0, read_power(nvml));
}

// A malformed world, a file or nothing is a machine without a driver, and not a crash.
TEST("a path that leads to no world is no driver") {
  char own[32];
  snprintf(own, sizeof own, "/proc/self/fd/%d", make_world("format=1\n"));
  const char* const paths[] = {"/dev/null", "/no/such/file", "", "/", own};
  for (const char* path : paths) {
    gpuprobe::check::in_child([&] {
      setenv(kWorldVariable, path, 1);
      const Nvml nvml(-1);
      const Cuda cuda(-1);
      CHECK_EQ(9, nvml.nvmlInit_v2());
      CHECK_EQ(100, cuda.cuInit(0));
    });
  }
}

TEST("a program that was started without a world does not come onto one later") {
  const Nvml nvml(-1);
  CHECK_EQ(9, nvml.nvmlInit_v2());
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", healthy_world());
  setenv(kWorldVariable, path, 1);
  CHECK_EQ(9, nvml.nvmlInit_v2());
}

// Bytes of resident memory, as the kernel counts them.
std::size_t resident_bytes() {
  unsigned long pages = 0;
  FILE* file = fopen("/proc/self/statm", "re");
  CHECK(file != nullptr && fscanf(file, "%*u %lu", &pages) == 1);
  fclose(file);
  return pages * static_cast<std::size_t>(getpagesize());
}

TEST("revisions that nobody works on are given back") {
  const int world = healthy_world();
  const Nvml nvml(world);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  const NvmlDevice device = nvml.device(0);
  // Created beforehand: a sanitizer keeps what the test itself allocates and frees.
  const std::string texts[] = {healthy_text("devices.0.temperatureCelsius=60\n"),
                               healthy_text("devices.0.temperatureCelsius=61\n")};
  const auto change = [&](unsigned i) {
    change_world(world, texts[i % 2]);
    CHECK_EQ(60 + i % 2, temperature(nvml, device));
  };
  for (unsigned i = 0; i < 100; ++i) change(i);
  const std::size_t before = resident_bytes();
  const unsigned descriptors = gpuprobe::check::descriptors_of("self");
  for (unsigned i = 0; i < 2000; ++i) change(i);
  // Each revision takes at least a page: keeping 2000 of them would take 8 MiB.
  CHECK(resident_bytes() < before + (std::size_t{4} << 20));
  CHECK_EQ(descriptors, gpuprobe::check::descriptors_of("self"));
}

}  // namespace
