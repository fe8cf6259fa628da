// An NVML library whose nvmlInit_v2 misbehaves as GPUPROBE_ROGUE says: what a broken driver does to
// the process that entered it, without the simulator.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver/nvml_abi.h"

namespace {

using gpuprobe::driver::NvmlDevice;
using gpuprobe::driver::NvmlReturn;

constexpr int kFirstForeign = 3;  // above the standard descriptors: the process's socket and what
                                  // follows
constexpr int kLastForeign = 64;

[[noreturn]] void hang() {
  for (;;) pause();
}

[[noreturn]] void close_descriptors() {
  for (int descriptor = kFirstForeign; descriptor < kLastForeign; ++descriptor) close(descriptor);
  hang();
}

[[noreturn]] void write_noise() {
  const char noise[] = "whatever lay in that buffer";
  const ssize_t sent = send(kFirstForeign, noise, sizeof noise, 0);
  static_cast<void>(sent);
  hang();
}

// Like nvidia-modprobe: a helper process outlives the call.
NvmlReturn leave_helper() {
  if (fork() == 0) {
    if (fork() == 0) usleep(200000);
    _exit(3);
  }
  return 0;
}

NvmlReturn print() {
  fputs("NVIDIA: could not open the device file /dev/nvidiactl (Operation not permitted).\n",
        stderr);
  fputs("and a second line\n", stderr);
  return gpuprobe::driver::kNvmlUnknown;
}

// The first process hangs, later ones do not: like a driver that has recovered.
NvmlReturn hang_once() {
  const char* mark = getenv("GPUPROBE_ROGUE_MARK");
  if (mark == nullptr) return gpuprobe::driver::kNvmlInvalidArgument;
  if (open(mark, O_CREAT | O_EXCL | O_WRONLY, 0600) >= 0) hang();
  return 0;
}

NvmlReturn misbehave() {
  const char* how = getenv("GPUPROBE_ROGUE");
  if (how == nullptr) return 0;
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "exit") == 0) exit(7);
  if (strcmp(how, "close-descriptors") == 0) close_descriptors();
  if (strcmp(how, "write-noise") == 0) write_noise();
  if (strcmp(how, "print") == 0) return print();
  if (strcmp(how, "leave-helper") == 0) return leave_helper();
  if (strcmp(how, "hang-once") == 0) return hang_once();
  return 0;
}

}  // namespace

extern "C" {

NvmlReturn nvmlInit_v2() { return misbehave(); }

NvmlReturn nvmlShutdown() { return 0; }

NvmlReturn nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 1;
  return 0;
}

NvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned, NvmlDevice* device) {
  static char handle;
  *device = reinterpret_cast<NvmlDevice>(&handle);
  return 0;
}

}  // extern "C"
