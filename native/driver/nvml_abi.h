// The part of NVML's ABI that gpuprobe uses. Declared here, not taken from NVIDIA's header: the
// layouts are facts about shipped drivers, checked below against constants written by hand. Because
// the probes and the simulator share this header, both would agree on a mistake in it; so
// test/native/layout_test.cc repeats the offsets independently.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpuprobe::driver {

// nvmlReturn_t. An int, because drivers return numbers that no header knows.
using NvmlReturn = int;

constexpr NvmlReturn kNvmlSuccess = 0;
constexpr NvmlReturn kNvmlUninitialized = 1;
constexpr NvmlReturn kNvmlInvalidArgument = 2;
constexpr NvmlReturn kNvmlNotSupported = 3;
constexpr NvmlReturn kNvmlInsufficientSize = 7;
constexpr NvmlReturn kNvmlDriverNotLoaded = 9;
constexpr NvmlReturn kNvmlTimeout = 10;
constexpr NvmlReturn kNvmlMismatch = 18;
constexpr NvmlReturn kNvmlFunctionNotFound = 13;
constexpr NvmlReturn kNvmlGpuIsLost = 15;
constexpr NvmlReturn kNvmlUnknown = 999;

// Opaque. Readers such as nvidia-smi pass it back unchanged.
struct NvmlDeviceHandle;
using NvmlDevice = NvmlDeviceHandle*;

struct NvmlMemory {
  std::uint64_t total;
  std::uint64_t free;
  std::uint64_t used;  // allocated + reserved
};

struct NvmlMemoryV2 {
  std::uint32_t version;  // must be kNvmlMemoryV2Version before the call
  std::uint64_t total;
  std::uint64_t reserved;
  std::uint64_t free;
  std::uint64_t used;  // allocated only
};
// NVML_STRUCT_VERSION(Memory, 2) = sizeof | 2 << 24. The header's "must be 2" is wrong: 510.39.01
// answered a bare 2 with 13 (NVIDIA/nvidia-settings#78).
constexpr std::uint32_t kNvmlMemoryV2Version = 0x02000028;

struct NvmlUtilization {
  std::uint32_t gpu;     // percent
  std::uint32_t memory;  // percent
};

// _v2 writes the first 52 bytes: everything but `bus_id`, which it replaces by four reserved
// numbers.
struct NvmlPciInfo {
  char bus_id_legacy[16];
  // mutation: struct-size
  std::uint32_t domain;
  // mutation: struct-order/first
  std::uint32_t bus;
  // mutation: struct-order/second
  std::uint32_t device;
  std::uint32_t pci_device_id;
  std::uint32_t pci_sub_system_id;
  char bus_id[32];  // 8-digit domain: "00000000:01:00.0"
};

struct NvmlEncoderSessionInfo {
  std::uint32_t session_id;
  std::uint32_t pid;
  std::uint32_t vgpu_instance;
  std::uint32_t codec_type;  // 0 H.264, 1 HEVC, 2 AV1
  std::uint32_t h_resolution;
  std::uint32_t v_resolution;
  std::uint32_t average_fps;
  std::uint32_t average_latency;  // microseconds
};

// Element of nvmlDeviceGet*RunningProcesses_v2 and of most _v3; 535.43-535.86 write 32-byte
// elements through _v3 (XuehaiPan/nvitop#79), which is why the probes prefer _v2.
struct NvmlProcessInfo {
  std::uint32_t pid;
  std::uint64_t used_gpu_memory;  // bytes; kNvmlValueNotAvailable = unknown
  std::uint32_t gpu_instance_id;
  std::uint32_t compute_instance_id;
};
constexpr std::size_t kNvmlProcessInfoWidest = 32;
constexpr std::uint64_t kNvmlValueNotAvailable = 0xFFFFFFFFFFFFFFFFull;

union NvmlValue {
  double double_value;
  std::uint32_t unsigned_int;
  std::uint64_t unsigned_long_long;  // also unsigned long, which has the same width here
  std::int64_t signed_long_long;
  std::int32_t signed_int;
  std::uint16_t unsigned_short;
};

// nvmlValueType_t: which member of NvmlValue was written.
constexpr std::uint32_t kNvmlValueDouble = 0;
constexpr std::uint32_t kNvmlValueUnsignedInt = 1;
constexpr std::uint32_t kNvmlValueUnsignedLong = 2;
constexpr std::uint32_t kNvmlValueUnsignedLongLong = 3;
constexpr std::uint32_t kNvmlValueSignedLongLong = 4;
constexpr std::uint32_t kNvmlValueSignedInt = 5;
constexpr std::uint32_t kNvmlValueUnsignedShort = 6;

// One entry of nvmlDeviceGetFieldValues. Each has its own code: the call succeeds even if a driver
// that does not know the field puts INVALID_ARGUMENT here (535.309.01 does).
struct NvmlFieldValue {
  std::uint32_t field_id;  // set before the call
  std::uint32_t scope_id;
  std::int64_t timestamp;  // microseconds since 1970
  std::int64_t latency_usec;
  std::uint32_t value_type;
  NvmlReturn nvml_return;
  NvmlValue value;
};
constexpr std::uint32_t kNvmlFieldRecoveryAction = 230;  // NVML_FI_DEV_GET_GPU_RECOVERY_ACTION

// Opaque.
struct NvmlEventSetHandle;
using NvmlEventSet = NvmlEventSetHandle*;

// What nvmlEventSetWait_v2 writes.
struct NvmlEventData {
  NvmlDevice device;
  std::uint64_t event_type;
  std::uint64_t event_data;  // the number of a critical Xid
  std::uint32_t gpu_instance_id;
  std::uint32_t compute_instance_id;
};
constexpr std::uint64_t kNvmlEventXidCriticalError = 0x8;

constexpr unsigned kNvmlEccCorrected = 0;  // nvmlMemoryErrorType_t
constexpr unsigned kNvmlEccUncorrected = 1;
constexpr unsigned kNvmlEccVolatile = 0;  // nvmlEccCounterType_t: since the driver was loaded
constexpr unsigned kNvmlEccAggregate = 1;
constexpr unsigned kNvmlRetiredSingleBit = 0;  // nvmlPageRetirementCause_t
constexpr unsigned kNvmlRetiredDoubleBit = 1;

constexpr unsigned kNvmlInitFlagNoGpus = 1u << 0;
constexpr unsigned kNvmlTemperatureGpu = 0;
constexpr unsigned kNvmlClockSm = 1;
constexpr unsigned kNvmlClockMemory = 2;

// Sizes and offsets as measured with NVIDIA's headers 11.8 and 13.3 on x86-64.
static_assert(sizeof(NvmlMemory) == 24 && offsetof(NvmlMemory, free) == 8 &&
              offsetof(NvmlMemory, used) == 16);
static_assert(sizeof(NvmlMemoryV2) == 40 && offsetof(NvmlMemoryV2, total) == 8 &&
              offsetof(NvmlMemoryV2, reserved) == 16 && offsetof(NvmlMemoryV2, free) == 24 &&
              offsetof(NvmlMemoryV2, used) == 32);
static_assert(sizeof(NvmlUtilization) == 8);
static_assert(sizeof(NvmlPciInfo) == 68 && offsetof(NvmlPciInfo, domain) == 16 &&
              offsetof(NvmlPciInfo, bus_id) == 36);
static_assert(sizeof(NvmlEncoderSessionInfo) == 32);
static_assert(sizeof(NvmlEventData) == 32 && offsetof(NvmlEventData, event_type) == 8 &&
              offsetof(NvmlEventData, event_data) == 16 &&
              offsetof(NvmlEventData, gpu_instance_id) == 24);
static_assert(sizeof(NvmlValue) == 8);
static_assert(sizeof(NvmlFieldValue) == 40 && offsetof(NvmlFieldValue, timestamp) == 8 &&
              offsetof(NvmlFieldValue, latency_usec) == 16 &&
              offsetof(NvmlFieldValue, value_type) == 24 &&
              offsetof(NvmlFieldValue, nvml_return) == 28 && offsetof(NvmlFieldValue, value) == 32);
static_assert(sizeof(NvmlProcessInfo) == 24 && offsetof(NvmlProcessInfo, used_gpu_memory) == 8 &&
              offsetof(NvmlProcessInfo, gpu_instance_id) == 16);

}  // namespace gpuprobe::driver
