// Many threads of many processes on a machine that changes as fast as its writer can: every answer
// belongs to exactly one revision.
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "check.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;

constexpr unsigned kProcesses = 8;
constexpr unsigned kThreads = 16;
constexpr unsigned kRevisions = 400;
constexpr unsigned kRounds = 200000;  // of readings, by all threads together
constexpr unsigned kMostProcesses = 7;
constexpr char kRefused[] = "nvmlDeviceGetPowerUsage";

// Everything in it follows from its number. Device 1 comes and goes, and so does access.
std::string machine(unsigned number) {
  const std::string text = std::to_string(number);
  std::string more = "devices.0.memory.totalBytes=" + std::to_string(1000 + number) +
                     "\ndevices.0.memory.usedBytes=" + text + "\ndevices.0.name=" + text +
                     "\ndevices.0.temperatureCelsius=" + text +
                     "\ndevices.0.processes=" + std::to_string(number % kMostProcesses) + "\n";
  for (unsigned i = 0; i < number % kMostProcesses; ++i) {
    const std::string process = "devices.0.processes." + std::to_string(i);
    more += process + ".pid=" + text + "\n" + process + ".usedBytes=" + text + "\n";
  }
  if (number % 2 != 0) more += "devices.1.lost=true\n";
  if (number % 3 != 0) more += "access=revoked\n";
  if (number % 5 == 0) more += fault(kRefused, "effect=return code=999 generation=" + text);
  if (number % 7 == 0) more += "state=1\ndevices.0.powerMilliwatts=" + text + "\n";
  return healthy_text(more);
}

struct Shared {
  std::atomic<unsigned> ready;
  std::atomic<unsigned> rounds;
  std::atomic<bool> stop;
};
Shared* shared;

const Nvml* nvml;
const Cuda* cuda;

void read_memory(NvmlDevice device) {
  NvmlMemory memory;
  CHECK_EQ(0, nvml->nvmlDeviceGetMemoryInfo(device, &memory));
  CHECK_EQ(memory.total - 1000, memory.used - 50);
}

void read_processes(NvmlDevice device) {
  NvmlProcessInfo processes[kMostProcesses];
  unsigned count = kMostProcesses;
  CHECK_EQ(0, nvml->nvmlDeviceGetComputeRunningProcesses_v2(device, &count, processes));
  CHECK(count < kMostProcesses);
  for (unsigned i = 0; i < count; ++i) {
    CHECK_EQ(count, processes[i].pid % kMostProcesses);
    CHECK_EQ(processes[0].pid, processes[i].pid);
    CHECK_EQ(processes[0].pid, processes[i].used_gpu_memory);
  }
}

void read_texts(NvmlDevice device) {
  char name[16];
  CHECK_EQ(0, nvml->nvmlDeviceGetName(device, name, sizeof name));
  CHECK(std::stoul(name) <= kRevisions);
}

void read_what_is_refused(NvmlDevice device, NvmlDevice other) {
  unsigned value = 0;
  const int code = nvml->nvmlDeviceGetPowerUsage(device, &value);
  CHECK(code == 0 || code == 999);
  const int lost = nvml->nvmlDeviceGetTemperature(other, 0, &value);
  CHECK(lost == 0 || lost == 15);
  const int node = nvml->simulator->nodes->access("/dev/nvidia0");
  CHECK(node == 0 || node == -1);
}

void use_context() {
  CudaContext context;
  const int code = cuda->cuCtxCreate_v2(&context, 0, 1);
  CHECK(code == 0 || code == 2 || code == 800 || code == 999);
  if (code != 0) return;
  std::size_t available = 0;
  std::size_t total = 0;
  CHECK_EQ(0, cuda->cuMemGetInfo_v2(&available, &total));
  CHECK(total == 1000 && available <= 800);
  CHECK_EQ(0, cuda->cuCtxDestroy_v2(context));
}

void* work(void* argument) {
  const NvmlDevice* devices = static_cast<NvmlDevice*>(argument);
  shared->ready.fetch_add(1);
  while (!shared->stop.load()) {
    read_memory(devices[0]);
    read_processes(devices[0]);
    read_texts(devices[0]);
    read_what_is_refused(devices[0], devices[1]);
    use_context();
    shared->rounds.fetch_add(1);
  }
  // What was published before is visible now.
  unsigned celsius = 0;
  CHECK_EQ(0, nvml->nvmlDeviceGetTemperature(devices[0], 0, &celsius));
  CHECK_EQ(kRevisions, celsius);
  return nullptr;
}

void run_process(int world) {
  const Nvml own_nvml(world);
  const Cuda own_cuda(world);
  nvml = &own_nvml;
  cuda = &own_cuda;
  CHECK_EQ(0, nvml->nvmlInit_v2());
  CHECK_EQ(0, cuda->cuInit(0));
  NvmlDevice devices[] = {nvml->device(0), nvml->device(1)};
  pthread_t threads[kThreads];
  for (pthread_t& thread : threads) {
    CHECK_EQ(0, pthread_create(&thread, nullptr, work, devices));
  }
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
}

TEST("every answer is of one revision, whoever changes the machine meanwhile") {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  shared = static_cast<Shared*>(memory);
  const int world = make_world(machine(0));
  for (unsigned i = 0; i < kProcesses; ++i) {
    if (fork() != 0) continue;
    run_process(world);
    _exit(0);
  }
  while (shared->ready.load() < kProcesses * kThreads) usleep(1000);
  for (unsigned i = 1; shared->rounds.load() < kRounds; ++i) {
    if (i % 10 == 0) change_world(world, "malformed\n");
    change_world(world, machine(i % kRevisions));
    CHECK_EQ(0, waitpid(-1, nullptr, WNOHANG));  // a process that crashed counts no rounds
  }
  change_world(world, machine(kRevisions));
  shared->stop.store(true);
  for (unsigned i = 0; i < kProcesses; ++i) {
    int status = -1;
    CHECK(wait(&status) > 0);
    CHECK_EQ(0, status);
  }
}

// Threads that are stuck in a revision for ever keep it, and nothing else blocks.
TEST("a call that never returns keeps its revision, and no other waits for it") {
  const int world =
      healthy_world(fault("nvmlDeviceGetPowerUsage", "effect=hang device=1 generation=1"));
  const Nvml own(world);
  nvml = &own;
  CHECK_EQ(0, own.nvmlInit_v2());
  NvmlDevice devices[] = {own.device(0), own.device(1)};
  static std::atomic<bool> entered;
  pthread_t thread;
  const auto hang = [](void* device) -> void* {
    unsigned unused = 0;
    entered.store(true);
    nvml->nvmlDeviceGetPowerUsage(static_cast<NvmlDevice>(device), &unused);
    return nullptr;
  };
  CHECK_EQ(0, pthread_create(&thread, nullptr, hang, devices[1]));
  while (!entered.load()) usleep(1000);
  for (unsigned i = 1; i <= 100; ++i) {
    unsigned celsius = 0;
    change_world(world, healthy_text("devices.0.temperatureCelsius=" + std::to_string(i) + "\n"));
    CHECK_EQ(0, own.nvmlDeviceGetTemperature(devices[0], 0, &celsius));
    CHECK_EQ(i, celsius);
  }
}

}  // namespace
