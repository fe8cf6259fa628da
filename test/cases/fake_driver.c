/* A driver library that answers as told, where the simulator cannot go: real files, real nodes, another namespace.
 * Compiled twice, with -DNVML as libnvidia-ml.so.1 and with -DCUDA as libcuda.so.1. NVIDIA_CASE_ANSWERS names a file
 * with a line `KEY VALUE` for each answer: FUNCTION or FUNCTION.INDEX and a status; `count`; `version`;
 * `nvmlVersion`; `sameUuid`; `printed`, which is written to standard output as the library is loaded. What is not told
 * is a healthy H100. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char answers[8192];

static void read_answers(void) {
  const char* path = getenv("NVIDIA_CASE_ANSWERS");
  FILE* file = path == NULL ? NULL : fopen(path, "r");
  if (file == NULL) return;
  answers[fread(answers, 1, sizeof answers - 1, file)] = '\0';
  fclose(file);
}

static const char* told(const char* key) {
  static char value[256];
  const size_t length = strlen(key);
  for (const char* line = answers; *line != '\0';) {
    const size_t end = strcspn(line, "\n");
    if (end > length && strncmp(line, key, length) == 0 && line[length] == ' ') {
      snprintf(value, sizeof value, "%.*s", (int)(end - length - 1), line + length + 1);
      return value;
    }
    line += end + (line[end] == '\n');
  }
  return NULL;
}

static int number(const char* key, int otherwise) {
  const char* value = told(key);
  return value == NULL ? otherwise : atoi(value);
}

static int status_of(const char* function, int index) {
  char key[96];
  snprintf(key, sizeof key, "%s.%d", function, index);
  return number(key, number(function, 0));
}

__attribute__((unused)) static const char* text(const char* key, const char* otherwise) {
  const char* value = told(key);
  return value == NULL ? otherwise : value;
}

/* Leaves the function where an answer other than success was told. */
#define ANSWER(index)                                 \
  do {                                                \
    const int status = status_of(__func__, (index));  \
    if (status != 0) return status;                   \
  } while (0)

__attribute__((constructor)) static void load(void) {
  read_answers();
  const char* printed = told("printed");
  if (printed == NULL) return;
  printf("%s\n", printed);
  fflush(stdout);
}

#ifdef NVML
typedef void* Device;
#define INDEX(device) ((int)(intptr_t)(device)-1)

int nvmlInitWithFlags(unsigned flags) { (void)flags; ANSWER(-1); return 0; }
int nvmlInit_v2(void) { ANSWER(-1); return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char* out, unsigned size) { ANSWER(-1); snprintf(out, size, "%s", text("version", "580.95.05")); return 0; }
int nvmlSystemGetNVMLVersion(char* out, unsigned size) { ANSWER(-1); snprintf(out, size, "%s", text("nvmlVersion", "13.580.95.05")); return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int* out) { ANSWER(-1); *out = 13000; return 0; }
int nvmlDeviceGetCount_v2(unsigned* out) { ANSWER(-1); *out = (unsigned)number("count", 1); return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device* out) { ANSWER((int)index); *out = (Device)(intptr_t)(index + 1); return 0; }
int nvmlDeviceGetName(Device d, char* out, unsigned size) { ANSWER(INDEX(d)); snprintf(out, size, "%s", text("name", "NVIDIA H100 80GB HBM3")); return 0; }
int nvmlDeviceGetUUID(Device d, char* out, unsigned size) {
  ANSWER(INDEX(d));
  snprintf(out, size, "GPU-00000000-0000-4000-8000-%012x", number("sameUuid", 0) ? 1 : INDEX(d) + 1);
  return 0;
}
struct pci { char legacy[16]; uint32_t domain, bus, device, id, subsystem; char bus_id[32]; };
int nvmlDeviceGetPciInfo_v3(Device d, struct pci* out) {
  ANSWER(INDEX(d));
  memset(out, 0, sizeof *out);
  out->bus = (uint32_t)INDEX(d) + 1;
  snprintf(out->legacy, sizeof out->legacy, "0000:%02X:00.0", out->bus);
  snprintf(out->bus_id, sizeof out->bus_id, "00000000:%02X:00.0", out->bus);
  return 0;
}
int nvmlDeviceGetMinorNumber(Device d, unsigned* out) { ANSWER(INDEX(d)); *out = (unsigned)INDEX(d); return 0; }
struct memory { uint64_t total, free, used; };
struct memory_v2 { uint32_t version; uint64_t total, reserved, free, used; };
static const uint64_t kMib = 1 << 20;
int nvmlDeviceGetMemoryInfo(Device d, struct memory* out) {
  ANSWER(INDEX(d));
  *out = (struct memory){81559 * kMib, 80959 * kMib, 600 * kMib};
  return 0;
}
int nvmlDeviceGetMemoryInfo_v2(Device d, struct memory_v2* out) {
  ANSWER(INDEX(d));
  *out = (struct memory_v2){out->version, 81559 * kMib, 500 * kMib, 80959 * kMib, 100 * kMib};
  return 0;
}
int nvmlDeviceGetUtilizationRates(Device d, uint32_t* out) { ANSWER(INDEX(d)); out[0] = 12; out[1] = 3; return 0; }
int nvmlDeviceGetTemperature(Device d, unsigned sensor, unsigned* out) { (void)sensor; ANSWER(INDEX(d)); *out = 41; return 0; }
int nvmlDeviceGetPowerUsage(Device d, unsigned* out) { ANSWER(INDEX(d)); *out = 81000; return 0; }
int nvmlDeviceGetEnforcedPowerLimit(Device d, unsigned* out) { ANSWER(INDEX(d)); *out = 700000; return 0; }
int nvmlDeviceGetClockInfo(Device d, unsigned type, unsigned* out) { (void)type; ANSWER(INDEX(d)); *out = 1980; return 0; }
int nvmlDeviceGetCurrentClocksEventReasons(Device d, unsigned long long* out) { ANSWER(INDEX(d)); *out = 0; return 0; }
int nvmlDeviceGetComputeMode(Device d, unsigned* out) { ANSWER(INDEX(d)); *out = 0; return 0; }
int nvmlDeviceGetPersistenceMode(Device d, unsigned* out) { ANSWER(INDEX(d)); *out = 0; return 0; }
int nvmlDeviceGetMigMode(Device d, unsigned* now, unsigned* pending) { ANSWER(INDEX(d)); *now = *pending = 0; return 0; }
#else
static int context;
int cuInit(unsigned flags) { (void)flags; ANSWER(-1); return 0; }
int cuDriverGetVersion(int* out) { ANSWER(-1); *out = 13000; return 0; }
int cuDeviceGetCount(int* out) { ANSWER(-1); *out = number("count", 1); return 0; }
int cuDeviceGet(int* out, int ordinal) { ANSWER(ordinal); *out = ordinal; return 0; }
int cuDeviceGetPCIBusId(char* out, int size, int device) { ANSWER(device); snprintf(out, (size_t)size, "0000:%02x:00.0", device + 1); return 0; }
int cuDeviceGetUuid_v2(unsigned char* out, int device) {
  static const unsigned char kStart[16] = {0, 0, 0, 0, 0, 0, 0x40, 0, 0x80};
  ANSWER(device);
  memcpy(out, kStart, sizeof kStart);
  out[15] = (unsigned char)(number("sameUuid", 0) ? 1 : device + 1);
  return 0;
}
int cuDeviceGetUuid(unsigned char* out, int device) { return cuDeviceGetUuid_v2(out, device); }
int cuDeviceGetAttribute(int* out, int attribute, int device) { (void)attribute; ANSWER(device); *out = 0; return 0; }
int cuCtxCreate_v2(void** out, unsigned flags, int device) { (void)flags; ANSWER(device); *out = &context; return 0; }
int cuCtxDestroy_v2(void* given) { (void)given; ANSWER(-1); return 0; }
int cuMemGetInfo_v2(size_t* free_bytes, size_t* total_bytes) { ANSWER(-1); *free_bytes = (size_t)70 << 30; *total_bytes = (size_t)80 << 30; return 0; }
int cuMemAlloc_v2(unsigned long long* out, size_t size) { (void)size; ANSWER(-1); *out = 0x7f0000000000ull; return 0; }
int cuMemFree_v2(unsigned long long address) { (void)address; ANSWER(-1); return 0; }
#endif
