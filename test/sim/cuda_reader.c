/*
 * Asks CUDA what gpuprobe asks it, in the words of NVIDIA's own cuda.h: one line for each device.
 *
 * SHIFTED_LAYOUT puts one field into the wrong place, for the test to be seen failing.
 */
#include <cuda.h>
#include <stdio.h>
#include <stdlib.h>

#define ALLOCATED_BYTES (1 << 20)

#ifdef SHIFTED_LAYOUT
typedef struct {
  char shift;
  char bytes[16];
} Uuid;
#else
typedef CUuuid Uuid;
#endif

static CUresult must(const char *call, CUresult code) {
  if (code != CUDA_SUCCESS) {
    fprintf(stderr, "%s: %d\n", call, (int)code);
    exit(1);
  }
  return code;
}
#define MUST(call) must(#call, call)

static void print_uuid(const Uuid *uuid) {
  printf("GPU-");
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) printf("-");
    printf("%02x", (unsigned char)uuid->bytes[i]);
  }
}

static void read_device(int ordinal) {
  CUdevice device;
  Uuid uuid = {0}, first = {0};
  CUcontext context;
  CUdeviceptr memory;
  char bus_id[32];
  int compute_mode = -1, domain = -1, bus = -1, place = -1;
  size_t total = 0, free_before = 0, free_after = 0;
  MUST(cuDeviceGet(&device, ordinal));
  MUST(cuDeviceGetUuid_v2((CUuuid *)&uuid, device));
  MUST(cuDeviceGetUuid((CUuuid *)&first, device));
  MUST(cuDeviceGetPCIBusId(bus_id, sizeof bus_id, device));
  MUST(cuDeviceGetAttribute(&compute_mode, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, device));
  MUST(cuDeviceGetAttribute(&domain, CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID, device));
  MUST(cuDeviceGetAttribute(&bus, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID, device));
  MUST(cuDeviceGetAttribute(&place, CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID, device));
  MUST(cuCtxCreate(&context, 0, device));
  MUST(cuMemGetInfo(&free_before, &total));
  MUST(cuMemAlloc(&memory, ALLOCATED_BYTES));
  MUST(cuMemGetInfo(&free_after, &total));
  MUST(cuMemFree(memory));
  MUST(cuCtxDestroy(context));
  print_uuid(&uuid);
  printf(" first ");
  print_uuid(&first);
  printf(" at %s %04x:%02x:%02x mode %d total %zu free %zu allocated %zu\n", bus_id, domain, bus, place,
         compute_mode, total, free_before, free_before - free_after);
}

int main(void) {
  int version = 0, count = 0;
  MUST(cuDriverGetVersion(&version));
  MUST(cuInit(0));
  MUST(cuDeviceGetCount(&count));
  printf("version %d.%d\ndevices %d\n", version / 1000, version % 1000 / 10, count);
  for (int ordinal = 0; ordinal < count; ++ordinal) read_device(ordinal);
  return 0;
}
