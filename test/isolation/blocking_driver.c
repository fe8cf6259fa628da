// An NVML library that sleeps in the kernel: its first call reads the file BLOCKING_FILE.
#include <fcntl.h>
#include <unistd.h>

int nvmlInit_v2(void) {
  char byte;
  const int file = open(BLOCKING_FILE, O_RDONLY | O_CLOEXEC);
  // NVML_ERROR_UNKNOWN, should the kernel ever let go of it.
  return read(file, &byte, 1) < 0 ? 999 : 0;
}

int nvmlShutdown(void) { return 0; }

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 0;
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  (void)index;
  (void)device;
  return 999;
}
