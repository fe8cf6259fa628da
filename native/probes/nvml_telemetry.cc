#include "probes/nvml_telemetry.h"

#include <stdio.h>
#include <string.h>

#include "driver/text.h"
#include "probes/nvml_health.h"
#include "probes/nvml_lists.h"
#include "probes/nvml_pci.h"
#include "probes/nvml_sleep.h"
#include "probes/registry.h"

namespace gpuprobe::probes {
namespace {

using namespace driver;

// The function table and the record of the current call, passed down together.
struct Driver {
  const Nvml& nvml;
  CurrentCall* where;
};

template <auto Member, typename... Arguments>
NvmlReturn call(const Driver& driver, Arguments... arguments) {
  return ask<Member>(driver.nvml, driver.where, arguments...);
}

constexpr double kPercent = 100;
constexpr double kMilli = 1000;
constexpr double kMega = 1e6;

// The highest minor number in Linux, and the range of valid versions: a number that is read once
// and kept must not be garbage.
constexpr unsigned kMostMinor = (1u << 20) - 1;
constexpr int kLeastCudaVersion = 1000;
constexpr int kMostCudaVersion = 99990;

void read_memory(const Driver& driver, NvmlDevice handle, DeviceRecord* device) {
  NvmlMemoryV2 memory{};
  memory.version = kNvmlMemoryV2Version;
  NvmlReturn code = call<&Nvml::nvmlDeviceGetMemoryInfo_v2>(driver, handle, &memory);
  NvmlReturn reserved_code = code;
  if (code != kNvmlSuccess) {
    // Before 510, `used` includes what the driver reserves, and no call tells how much that is.
    NvmlMemory first{};
    code = call<&Nvml::nvmlDeviceGetMemoryInfo>(driver, handle, &first);
    memory.total = first.total;
    memory.used = first.used;
    memory.free = first.free;
  }
  set_reading(device, Field::memory_total, code, static_cast<double>(memory.total));
  set_reading(device, Field::memory_used, code, static_cast<double>(memory.used));
  set_reading(device, Field::memory_free, code, static_cast<double>(memory.free));
  set_reading(device, Field::memory_reserved, reserved_code, static_cast<double>(memory.reserved));
}

void read_utilization(const Driver& driver, NvmlDevice handle, DeviceRecord* device) {
  NvmlUtilization rates{};
  const NvmlReturn code = call<&Nvml::nvmlDeviceGetUtilizationRates>(driver, handle, &rates);
  set_reading(device, Field::utilization_gpu, code, rates.gpu / kPercent);
  set_reading(device, Field::utilization_memory, code, rates.memory / kPercent);
  unsigned percent = 0;
  unsigned period_us = 0;
  const NvmlReturn encoder =
      call<&Nvml::nvmlDeviceGetEncoderUtilization>(driver, handle, &percent, &period_us);
  set_reading(device, Field::utilization_encoder, encoder, percent / kPercent);
  percent = 0;
  const NvmlReturn decoder =
      call<&Nvml::nvmlDeviceGetDecoderUtilization>(driver, handle, &percent, &period_us);
  set_reading(device, Field::utilization_decoder, decoder, percent / kPercent);
}

void read_sensors(const Driver& driver, NvmlDevice handle, DeviceRecord* device) {
  unsigned value = 0;
  NvmlReturn code =
      call<&Nvml::nvmlDeviceGetTemperature>(driver, handle, kNvmlTemperatureGpu, &value);
  set_reading(device, Field::temperature, code, value);
  value = 0;
  code = call<&Nvml::nvmlDeviceGetPowerUsage>(driver, handle, &value);
  set_reading(device, Field::power, code, value / kMilli);
  value = 0;
  code = call<&Nvml::nvmlDeviceGetEnforcedPowerLimit>(driver, handle, &value);
  set_reading(device, Field::power_limit, code, value / kMilli);
  value = 0;
  code = call<&Nvml::nvmlDeviceGetClockInfo>(driver, handle, kNvmlClockSm, &value);
  set_reading(device, Field::clock_sm, code, value * kMega);
  value = 0;
  code = call<&Nvml::nvmlDeviceGetClockInfo>(driver, handle, kNvmlClockMemory, &value);
  set_reading(device, Field::clock_memory, code, value * kMega);
}

NvmlReturn flag_code(NvmlReturn code, unsigned value) {
  return code == kNvmlSuccess && value > 1 ? kMalformed : code;
}

void read_modes(const Driver& driver, NvmlDevice handle, DeviceRecord* device) {
  unsigned long long reasons = 0;
  NvmlReturn code = call<&Nvml::nvmlDeviceGetCurrentClocksEventReasons>(driver, handle, &reasons);
  if (code == kNvmlFunctionNotFound) {  // renamed in 535
    code = call<&Nvml::nvmlDeviceGetCurrentClocksThrottleReasons>(driver, handle, &reasons);
  }
  set_reading(device, Field::throttle_reasons, code, static_cast<double>(reasons));
  unsigned mode = 0;
  code = call<&Nvml::nvmlDeviceGetComputeMode>(driver, handle, &mode);
  set_reading(device, Field::compute_mode, code, mode);
  mode = 0;
  code = call<&Nvml::nvmlDeviceGetPersistenceMode>(driver, handle, &mode);
  set_reading(device, Field::persistence_mode, flag_code(code, mode), mode);
  mode = 0;
  unsigned pending = 0;
  code = call<&Nvml::nvmlDeviceGetMigMode>(driver, handle, &mode, &pending);
  // Garbage here would keep gpuprobe from creating a context.
  set_reading(device, Field::mig_mode, flag_code(code, mode), mode);
}

void read_encoder(const Driver& driver, NvmlDevice handle, DeviceRecord* device) {
  unsigned sessions = 0;
  unsigned fps = 0;
  unsigned latency_us = 0;
  const NvmlReturn code =
      call<&Nvml::nvmlDeviceGetEncoderStats>(driver, handle, &sessions, &fps, &latency_us);
  set_reading(device, Field::encoder_session_count, code, sessions);
  set_reading(device, Field::encoder_average_fps, code, fps);
  set_reading(device, Field::encoder_average_latency, code, latency_us);
}

template <auto Member, std::size_t N>
NvmlReturn read_text(const Driver& driver, NvmlDevice handle, char (&out)[N]) {
  char text[N + 1];
  memset(text, 0, sizeof text);
  const NvmlReturn code = call<Member>(driver, handle, text, static_cast<unsigned>(N));
  if (code != kNvmlSuccess) return code;
  return copy_driver_text(out, text, N) ? kNvmlSuccess : kMalformed;
}

// Returns true for what need not be asked again: an answer, or a function that the library lacks.
// Failures may pass, and an empty text is not an answer.
bool is_final(NvmlReturn code, const char* text = "a number") {
  return code == kNvmlFunctionNotFound || (code == kNvmlSuccess && text[0] != '\0');
}

template <auto Member, std::size_t N>
NvmlReturn read_version(const Driver& driver, char (&out)[N]) {
  char text[N + 1];
  memset(text, 0, sizeof text);
  const NvmlReturn code = call<Member>(driver, text, static_cast<unsigned>(N));
  if (code != kNvmlSuccess) return code;
  return copy_driver_text(out, text, N) ? kNvmlSuccess : kMalformed;
}

// 12020 is 12.2. Accepts 1.0 and up, with room for future versions.
NvmlReturn read_cuda_version(const Driver& driver, std::int32_t* out) {
  int version = 0;
  const NvmlReturn code = call<&Nvml::nvmlSystemGetCudaDriverVersion_v2>(driver, &version);
  if (code != kNvmlSuccess) return code;
  if (version < kLeastCudaVersion || version > kMostCudaVersion) return kMalformed;
  *out = version;
  return kNvmlSuccess;
}

// FNV-1a over the identity strings: a reader decodes them only if it changes.
std::uint32_t hash_text(std::uint32_t hash, const char* text, std::size_t size) {
  for (std::size_t i = 0; i < size && text[i] != '\0'; ++i) {
    hash = (hash ^ static_cast<unsigned char>(text[i])) * 16777619u;
  }
  return (hash ^ 0xffu) * 16777619u;
}

std::uint32_t hash_strings(const Snapshot& snapshot) {
  std::uint32_t hash = 2166136261u ^ snapshot.header.device_count;
  hash = hash_text(hash, snapshot.header.driver_version, sizeof snapshot.header.driver_version);
  hash = hash_text(hash, snapshot.header.nvml_version, sizeof snapshot.header.nvml_version);
  for (unsigned i = 0; i < snapshot.header.device_count; ++i) {
    const DeviceRecord& device = snapshot.devices[i];
    hash = hash_text(hash, device.name, sizeof device.name);
    hash = hash_text(hash, device.uuid, sizeof device.uuid);
    hash = hash_text(hash, device.pci_bus_id, sizeof device.pci_bus_id);
  }
  return hash;
}

}  // namespace

void Telemetry::read_system(CurrentCall* where) {
  const Driver driver{session_.nvml(), where};
  SnapshotHeader& header = snapshot_.header;
  const NvmlReturn codes[] = {
      read_version<&Nvml::nvmlSystemGetDriverVersion>(driver, header.driver_version),
      read_version<&Nvml::nvmlSystemGetNVMLVersion>(driver, header.nvml_version),
      read_cuda_version(driver, &header.cuda_version),
  };
  header.strings_hash = 0;  // computed again later
  system_known_ = true;
  for (const NvmlReturn code : codes) system_known_ &= is_final(code);
}

void Telemetry::read_identity(unsigned index, CurrentCall* where) {
  const Driver driver{session_.nvml(), where};
  const NvmlDevice handle = session_.handle(index);
  DeviceRecord& device = snapshot_.devices[index];
  device.name_code = read_text<&Nvml::nvmlDeviceGetName>(driver, handle, device.name);
  device.uuid_code = read_text<&Nvml::nvmlDeviceGetUUID>(driver, handle, device.uuid);
  device.pci_bus_id_code = read_pci_bus_id(driver.nvml, where, handle, device.pci_bus_id);
  unsigned minor = 0;
  const NvmlReturn minor_code = call<&Nvml::nvmlDeviceGetMinorNumber>(driver, handle, &minor);
  const NvmlReturn known_minor =
      minor_code == kNvmlSuccess && minor > kMostMinor ? kMalformed : minor_code;
  set_reading(&device, Field::minor, known_minor, minor);
  snapshot_.header.strings_hash = 0;  // computed again later
  identity_known_[index] = device.uuid_code == kNvmlSuccess && device.uuid[0] != '\0' &&
                           is_final(device.name_code, device.name) &&
                           is_final(device.pci_bus_id_code, device.pci_bus_id) &&
                           is_final(known_minor);
}

// The bus id was read while the GPU was awake. Before that, no snapshot has read the GPU at all.
bool Telemetry::leave_asleep(unsigned index) {
  DeviceRecord& device = snapshot_.devices[index];
  if (!identity_known_[index] || !is_asleep(session_, device.pci_bus_id)) return false;
  for (std::size_t field = 0; field < kFieldCount; ++field) {
    if (static_cast<Field>(field) != Field::minor) {
      set_reading(&device, static_cast<Field>(field), kGpuAsleep, 0);
    }
  }
  device.sessions_code = device.processes_code = kGpuAsleep;
  return true;
}

void Telemetry::read_device(unsigned index, std::uint16_t flags, CurrentCall* where) {
  const Driver driver{session_.nvml(), where};
  DeviceRecord& device = snapshot_.devices[index];
  device.index = index;
  device.handle_code = session_.handle_code(index);
  device.sessions_code = device.processes_code = kNotReadYet;
  device.session_count = device.process_count = 0;
  if (device.handle_code != kNvmlSuccess) return;
  // mutation: let-sleep
  if ((flags & kSkipSuspended) != 0 && leave_asleep(index)) return;
  const NvmlDevice handle = session_.handle(index);
  if (!identity_known_[index]) read_identity(index, where);
  read_memory(driver, handle, &device);
  read_utilization(driver, handle, &device);
  read_sensors(driver, handle, &device);
  read_modes(driver, handle, &device);
  read_encoder(driver, handle, &device);
  read_health(driver.nvml, where, handle, &device);
  if ((flags & kWithLists) == 0) return;
  read_encoder_sessions(driver.nvml, where, handle, &device, &snapshot_);
  read_processes(driver.nvml, where, handle, &device, &snapshot_);
}

// Two GPUs with the same UUID have been seen (NVIDIA/nvidia-docker#1133): it identifies neither.
bool Telemetry::has_own_uuid(unsigned index) const {
  const char* uuid = snapshot_.devices[index].uuid;
  if (uuid[0] == '\0') return false;
  for (unsigned other = 0; other < snapshot_.header.device_count; ++other) {
    if (other != index && strcmp(snapshot_.devices[other].uuid, uuid) == 0) return false;
  }
  return true;
}

// A device counts as read if its memory or its temperature was read: every other reading is missing
// on some kind of GPU.
void Telemetry::report(const Sink& sink, Via via, Question* question) {
  const bool simulated = session_.simulated();
  NvmlReturn first_failure = kNvmlSuccess;
  unsigned failed = 0;
  unsigned asleep = 0;
  for (unsigned index = 0; index < snapshot_.header.device_count; ++index) {
    const DeviceRecord& device = snapshot_.devices[index];
    const auto code = [&device](Field field) {
      return device.codes[static_cast<std::size_t>(field)];
    };
    NvmlReturn result = device.handle_code;
    if (result == kNvmlSuccess && code(Field::temperature) != kNvmlSuccess) {
      result = code(Field::memory_total);
    }
    if (result == kNvmlSuccess) continue;
    // The driver returned a handle that it then rejects.
    if (result == kNvmlInvalidArgument) session_.forget_handle(index);
    if (result == kGpuAsleep) {
      ++asleep;
    } else if (failed++ == 0) {
      first_failure = result;
    }
    char name[sizeof CheckRecord::device];
    if (has_own_uuid(index)) {
      copy_text(name, device.uuid);
    } else {
      snprintf(name, sizeof name, "index:%u", index);
    }
    Question row(sink, CheckId::nvml_telemetry, via, name);
    sink.where->enter(device.handle_code != kNvmlSuccess ? FunctionId::nvmlDeviceGetHandleByIndex_v2
                                                         : FunctionId::nvmlDeviceGetMemoryInfo);
    if (result == kGpuAsleep) {
      row.answer(Outcome::skipped, Api::probe, kGPU_ASLEEP, simulated, "");
    } else {
      row.answer(Api::nvml, result, simulated);
    }
  }
  if (asleep > 0 && asleep == snapshot_.header.device_count) {
    question->answer(Outcome::skipped, Api::probe, kGPU_ASLEEP, simulated, "");
    return;
  }
  const bool none_read = failed > 0 && failed + asleep == snapshot_.header.device_count;
  question->answer(Api::nvml, none_read ? first_failure : kNvmlSuccess, simulated);
}

bool Telemetry::take(const Source& source, const Sink& sink, Via via, std::uint16_t flags) {
  if (!session_.open(source, sink, via, (flags & kWithHistory) != 0)) return false;
  const bool with_lists = (flags & kWithLists) != 0;
  Question question(sink, CheckId::nvml_telemetry, via);
  if (with_lists) session_.attach_missing(sink.where);
  SnapshotHeader& header = snapshot_.header;
  header.version = kSnapshotVersion;
  header.simulated = session_.simulated();
  header.device_count = session_.device_count();
  header.session_count = header.process_count = 0;
  if (!system_known_) read_system(sink.where);
  for (unsigned index = 0; index < header.device_count; ++index) {
    read_device(index, flags, sink.where);
  }
  if (with_lists || header.strings_hash == 0) header.strings_hash = hash_strings(snapshot_);
  sink.snapshot(sink.self, snapshot_);
  report(sink, via, &question);
  return true;
}

void run_telemetry(const Run& run) {
  run.session.telemetry.take(run.source, run.sink, run.via, run.request.flags);
}

}  // namespace gpuprobe::probes
