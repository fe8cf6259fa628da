// One NVML snapshot: plain records, packed one after the other. The packed block is its own wire
// form: the telemetry child writes it into the shared page, and JavaScript reads it at the offsets
// that the addon publishes. Numbers are doubles, exact below 2^53. Each has a code, and if the code
// is not 0 the value is not a reading.
#pragma once

#include <cstddef>
#include <cstdint>

#include "probes/check.h"

namespace gpuprobe::probes {

constexpr std::size_t kMaxDevices = 64;
constexpr std::size_t kMaxProcesses = 16384;       // of all devices together
constexpr std::size_t kMaxEncoderSessions = 2048;  // of all devices together

enum class Field : std::uint32_t {
#define TELEMETRY_FIELD(symbol, ...) symbol,
#include "catalog/telemetry_fields.def"
#undef TELEMETRY_FIELD
};
constexpr std::size_t kFieldCount = 0
#define TELEMETRY_FIELD(...) +1
#include "catalog/telemetry_fields.def"
#undef TELEMETRY_FIELD
    ;

// Codes in addition to the driver's own, for values that it claimed to give. Negative, because no
// driver uses negative codes.
enum UnavailableReason : std::int32_t {
#define UNAVAILABLE(number, symbol, name) symbol = number,
#include "catalog/unavailable.def"
#undef UNAVAILABLE
};

struct EncoderSessionRecord {
  std::uint32_t session_id;
  std::uint32_t pid;
  std::uint32_t codec;
  std::uint32_t width;
  std::uint32_t height;
  std::uint32_t average_fps;
  std::uint32_t average_latency_us;
  std::uint32_t reserved;
};
static_assert(sizeof(EncoderSessionRecord) == 32);

enum class ProcessKind : std::uint32_t { compute, graphics, mps_compute };

struct ProcessRecord {
  double used_bytes;
  std::int32_t used_code;
  std::uint32_t pid;
  ProcessKind kind;
  std::int32_t name_code;
  char name[72];
};
static_assert(sizeof(ProcessRecord) == 96);

struct DeviceRecord {
  double values[kFieldCount];
  std::int32_t codes[kFieldCount];
  std::int32_t handle_code;  // nvmlDeviceGetHandleByIndex; if not 0, nothing else was asked
  std::int32_t name_code;
  std::int32_t uuid_code;
  std::int32_t pci_bus_id_code;
  std::int32_t sessions_code;
  std::int32_t processes_code;
  std::uint32_t first_session;
  std::uint32_t session_count;
  std::uint32_t first_process;
  std::uint32_t process_count;
  std::uint32_t index;
  char name[96];
  char uuid[96];
  char pci_bus_id[32];
};

inline void set_reading(DeviceRecord* device, Field field, std::int32_t code, double value) {
  const auto slot = static_cast<std::size_t>(field);
  device->codes[slot] = code;
  device->values[slot] = code == 0 ? value : 0;
}

struct SnapshotHeader {
  std::uint32_t version;
  std::uint32_t size;  // bytes of the whole block
  std::uint32_t device_count;
  std::uint32_t session_count;
  std::uint32_t process_count;
  std::uint32_t devices_offset;
  std::uint32_t sessions_offset;
  std::uint32_t processes_offset;
  std::uint32_t strings_hash;  // changes with any name, UUID or bus id; decode strings only then
  std::uint32_t simulated;
  std::int32_t cuda_version;  // 12020 = 12.2; 0 = unknown
  std::uint32_t reserved;
  char driver_version[80];
  char nvml_version[80];
};
static_assert(sizeof(SnapshotHeader) == 48 + 160);
static_assert(sizeof(SnapshotHeader) % 8 == 0 && sizeof(DeviceRecord) % 8 == 0);

constexpr std::uint32_t kSnapshotVersion = 2;

// Where a snapshot is collected. `pack` writes the used parts one after the other.
struct Snapshot {
  SnapshotHeader header;
  DeviceRecord devices[kMaxDevices];
  EncoderSessionRecord sessions[kMaxEncoderSessions];
  ProcessRecord processes[kMaxProcesses];
};

// Sets offsets and size, then copies header and records to `out`, which must have room for
// sizeof(Snapshot).
void pack(const Snapshot& snapshot, void* out);

}  // namespace gpuprobe::probes
