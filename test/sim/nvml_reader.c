/*
 * Reads what gpuprobe reads, in the words of NVIDIA's own nvml.h: one `path=value` a line, in NVML's
 * units, and `path!code` for what NVML refuses. None of gpuprobe's declarations are in it, so a struct
 * that the probes and the simulator have wrong alike shows as a difference.
 *
 * SHIFTED_LAYOUT puts one field into the wrong place, for the test to be seen failing.
 */
#include <nvml.h>
#include <stdio.h>

#define MAX_PROCESSES 64
#define MAX_SESSIONS 64
#define MAX_PAGES 256
/* Headers of the time of driver 535 have no name for these. */
#define FIELD_RECOVERY_ACTION 230

#ifdef SHIFTED_LAYOUT
typedef struct {
  unsigned int version;
  unsigned long long total, free, reserved, used;
} Memory;
#else
typedef nvmlMemory_v2_t Memory;
#endif

static unsigned int gpu;

static void number(const char *path, nvmlReturn_t code, unsigned long long value) {
  if (code == NVML_SUCCESS)
    printf("%u.%s=%llu\n", gpu, path, value);
  else
    printf("%u.%s!%d\n", gpu, path, (int)code);
}

static void text(const char *path, nvmlReturn_t code, const char *value) {
  if (code == NVML_SUCCESS)
    printf("%u.%s=%s\n", gpu, path, value);
  else
    printf("%u.%s!%d\n", gpu, path, (int)code);
}

static void read_identity(nvmlDevice_t device) {
  char name[NVML_DEVICE_NAME_V2_BUFFER_SIZE], uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];
  nvmlPciInfo_t pci;
  unsigned int minor = 0;
  nvmlReturn_t code = nvmlDeviceGetName(device, name, sizeof name);
  text("name", code, name);
  code = nvmlDeviceGetUUID(device, uuid, sizeof uuid);
  text("uuid", code, uuid);
  code = nvmlDeviceGetPciInfo(device, &pci);
  text("pciBusId", code, pci.busId);
  text("pci.busIdLegacy", code, pci.busIdLegacy);
  number("pci.domain", code, pci.domain);
  number("pci.bus", code, pci.bus);
  number("pci.device", code, pci.device);
  code = nvmlDeviceGetMinorNumber(device, &minor);
  number("minor", code, minor);
}

static void read_memory(nvmlDevice_t device) {
  Memory memory = {0};
  nvmlMemory_t first;
  memory.version = nvmlMemory_v2;
  nvmlReturn_t code = nvmlDeviceGetMemoryInfo_v2(device, (nvmlMemory_v2_t *)&memory);
  number("memory.totalBytes", code, memory.total);
  number("memory.reservedBytes", code, memory.reserved);
  number("memory.freeBytes", code, memory.free);
  number("memory.usedBytes", code, memory.used);
  code = nvmlDeviceGetMemoryInfo(device, &first);
  number("memory.first.totalBytes", code, first.total);
  number("memory.first.freeBytes", code, first.free);
  number("memory.first.usedBytes", code, first.used);
}

static void read_load(nvmlDevice_t device) {
  nvmlUtilization_t utilization;
  unsigned int value = 0, period = 0;
  unsigned long long reasons = 0;
  nvmlReturn_t code = nvmlDeviceGetUtilizationRates(device, &utilization);
  number("utilization.gpu", code, utilization.gpu);
  number("utilization.memory", code, utilization.memory);
  code = nvmlDeviceGetEncoderUtilization(device, &value, &period);
  number("utilization.encoder", code, value);
  code = nvmlDeviceGetDecoderUtilization(device, &value, &period);
  number("utilization.decoder", code, value);
  code = nvmlDeviceGetTemperature(device, NVML_TEMPERATURE_GPU, &value);
  number("temperatureCelsius", code, value);
  code = nvmlDeviceGetPowerUsage(device, &value);
  number("powerMilliwatts", code, value);
  code = nvmlDeviceGetEnforcedPowerLimit(device, &value);
  number("powerLimitMilliwatts", code, value);
  code = nvmlDeviceGetClockInfo(device, NVML_CLOCK_SM, &value);
  number("clocks.smMegahertz", code, value);
  code = nvmlDeviceGetClockInfo(device, NVML_CLOCK_MEM, &value);
  number("clocks.memoryMegahertz", code, value);
  code = nvmlDeviceGetCurrentClocksThrottleReasons(device, &reasons);
  number("clockEventReasons", code, reasons);
  code = nvmlDeviceGetTotalEnergyConsumption(device, &reasons);
  number("energyMillijoules", code, reasons);
}

static void read_modes(nvmlDevice_t device) {
  nvmlComputeMode_t compute = 0;
  nvmlEnableState_t persistence = 0, ecc = 0, ecc_pending = 0;
  unsigned int mig = 0, mig_pending = 0;
  nvmlReturn_t code = nvmlDeviceGetComputeMode(device, &compute);
  number("computeMode", code, compute);
  code = nvmlDeviceGetPersistenceMode(device, &persistence);
  number("persistenceMode", code, persistence);
  code = nvmlDeviceGetMigMode(device, &mig, &mig_pending);
  number("migMode", code, mig);
  code = nvmlDeviceGetEccMode(device, &ecc, &ecc_pending);
  number("ecc.enabled", code, ecc);
  number("ecc.pendingEnabled", code, ecc_pending);
}

static void read_ecc(nvmlDevice_t device) {
  static const char *const counters[] = {"volatile", "aggregate"};
  static const char *const types[] = {"corrected", "uncorrected"};
  for (int counter = 0; counter < 2; ++counter) {
    for (int type = 0; type < 2; ++type) {
      char path[64];
      unsigned long long count = 0;
      nvmlReturn_t code = nvmlDeviceGetTotalEccErrors(device, (nvmlMemoryErrorType_t)type,
                                                      (nvmlEccCounterType_t)counter, &count);
      snprintf(path, sizeof path, "ecc.%s.%s", counters[counter], types[type]);
      number(path, code, count);
    }
  }
}

static void read_health(nvmlDevice_t device) {
  unsigned int corrected = 0, uncorrected = 0, pending = 0, failed = 0;
  unsigned long long pages[MAX_PAGES];
  unsigned int count = MAX_PAGES;
  nvmlEnableState_t retirement = 0;
  nvmlFieldValue_t field = {0};
  nvmlReturn_t code = nvmlDeviceGetRemappedRows(device, &corrected, &uncorrected, &pending, &failed);
  number("remappedRows.correctable", code, corrected);
  number("remappedRows.uncorrectable", code, uncorrected);
  number("remappedRows.pending", code, pending);
  number("remappedRows.failure", code, failed);
  code = nvmlDeviceGetRetiredPages(
      device, NVML_PAGE_RETIREMENT_CAUSE_MULTIPLE_SINGLE_BIT_ECC_ERRORS, &count, pages);
  number("retiredPages.singleBit", code, count);
  count = MAX_PAGES;
  code = nvmlDeviceGetRetiredPages(device, NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR, &count,
                                   pages);
  number("retiredPages.doubleBit", code, count);
  code = nvmlDeviceGetRetiredPagesPendingStatus(device, &retirement);
  number("retiredPages.pending", code, retirement);
  field.fieldId = FIELD_RECOVERY_ACTION;
  code = nvmlDeviceGetFieldValues(device, 1, &field);
  number("recoveryAction", code != NVML_SUCCESS ? code : field.nvmlReturn, field.value.uiVal);
}

static void read_pcie(nvmlDevice_t device) {
  unsigned int value = 0;
  nvmlReturn_t code = nvmlDeviceGetCurrPcieLinkGeneration(device, &value);
  number("pcie.generation", code, value);
  code = nvmlDeviceGetMaxPcieLinkGeneration(device, &value);
  number("pcie.maxGeneration", code, value);
  code = nvmlDeviceGetCurrPcieLinkWidth(device, &value);
  number("pcie.width", code, value);
  code = nvmlDeviceGetMaxPcieLinkWidth(device, &value);
  number("pcie.maxWidth", code, value);
  code = nvmlDeviceGetPcieReplayCounter(device, &value);
  number("pcie.replayCount", code, value);
}

static void read_encoder(nvmlDevice_t device) {
  nvmlEncoderSessionInfo_t sessions[MAX_SESSIONS];
  unsigned int count = 0, fps = 0, latency = 0;
  nvmlReturn_t code = nvmlDeviceGetEncoderStats(device, &count, &fps, &latency);
  number("encoder.sessionCount", code, count);
  number("encoder.averageFps", code, fps);
  number("encoder.averageLatencyUs", code, latency);
  count = MAX_SESSIONS;
  code = nvmlDeviceGetEncoderSessions(device, &count, sessions);
  number("encoder.sessions", code, count);
  for (unsigned int i = 0; code == NVML_SUCCESS && i < count; ++i) {
    const nvmlEncoderSessionInfo_t *session = &sessions[i];
    printf("%u.encoder.sessions.%u=id %u pid %u codec %d %ux%u %u fps %u us\n", gpu, i,
           session->sessionId, session->pid, (int)session->codecType, session->hResolution,
           session->vResolution, session->averageFps, session->averageLatency);
  }
}

typedef nvmlReturn_t ListProcesses(nvmlDevice_t, unsigned int *, nvmlProcessInfo_t *);

static void read_processes(nvmlDevice_t device, const char *kind, ListProcesses *list) {
  nvmlProcessInfo_t processes[MAX_PROCESSES];
  unsigned int count = MAX_PROCESSES;
  char path[64];
  nvmlReturn_t code = list(device, &count, processes);
  snprintf(path, sizeof path, "processes.%s", kind);
  number(path, code, count);
  for (unsigned int i = 0; code == NVML_SUCCESS && i < count; ++i) {
    char name[256] = "";
    nvmlSystemGetProcessName(processes[i].pid, name, sizeof name);
    printf("%u.processes.%s.%u=pid %u %llu bytes %s\n", gpu, kind, i, processes[i].pid,
           processes[i].usedGpuMemory, name);
  }
}

int main(void) {
  char driver[NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE], library[NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE];
  int cuda = 0;
  unsigned int count = 0;
  nvmlReturn_t code = nvmlInit();
  if (code != NVML_SUCCESS) {
    fprintf(stderr, "nvmlInit: %d %s\n", (int)code, nvmlErrorString(code));
    return 1;
  }
  nvmlSystemGetDriverVersion(driver, sizeof driver);
  nvmlSystemGetNVMLVersion(library, sizeof library);
  nvmlSystemGetCudaDriverVersion_v2(&cuda);
  nvmlDeviceGetCount(&count);
  printf("driver.version=%s\ndriver.nvmlVersion=%s\ndriver.cudaVersion=%d.%d\ndevices=%u\n", driver,
         library, cuda / 1000, cuda % 1000 / 10, count);
  for (gpu = 0; gpu < count; ++gpu) {
    nvmlDevice_t device;
    code = nvmlDeviceGetHandleByIndex(gpu, &device);
    if (code != NVML_SUCCESS) {
      number("handle", code, 0);
      continue;
    }
    read_identity(device);
    read_memory(device);
    read_load(device);
    read_modes(device);
    read_ecc(device);
    read_health(device);
    read_pcie(device);
    read_encoder(device);
    read_processes(device, "compute", nvmlDeviceGetComputeRunningProcesses);
    read_processes(device, "graphics", nvmlDeviceGetGraphicsRunningProcesses);
    read_processes(device, "mps-compute", nvmlDeviceGetMPSComputeRunningProcesses);
  }
  return nvmlShutdown() == NVML_SUCCESS ? 0 : 1;
}
