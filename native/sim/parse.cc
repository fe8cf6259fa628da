#include "sim/parse.h"

#include <string.h>

#include "sim/rows.h"

namespace gpuprobe::sim {
namespace {

constexpr std::uint32_t kFormat = 1;

template <std::size_t N>
bool set(const FieldRow (&rows)[N], void* record, const char* path, const char* value) {
  return set_field(rows, N, record, path, value);
}

// What a device is before its first line. A model has what the text names, and nothing else.
constexpr Device kUnsaidDevice = [] {
  Device device = {};
  device.name = "";
  device.mig_mode = device.recovery_action = device.fan_percent = kNull32;
  device.memory_celsius = device.max_operating_celsius = kNull32;
  device.slowdown_celsius = device.shutdown_celsius = kNull32;
  device.millijoules = kNull64;
  device.ecc_absent = device.remapped_rows_absent = device.retired_pages_absent = 1;
  return device;
}();

// A list is written element by element in order, so an index is either the last one's or one more:
// lists of different devices can lie one after the other in one array.
bool next_index(const char** path, std::uint32_t* count, std::uint32_t limit) {
  std::uint32_t index = 0;
  const char* digit = *path;
  for (; *digit >= '0' && *digit <= '9' && index < limit; ++digit) {
    index = index * 10 + static_cast<std::uint32_t>(*digit - '0');
  }
  if (digit == *path || *digit != '.' || index >= limit || index > *count) return false;
  if (index + 1 < *count) return false;
  *count = index + 1;
  *path = digit + 1;
  return true;
}

bool starts_with(const char** path, const char* prefix) {
  const std::size_t length = strlen(prefix);
  if (strncmp(*path, prefix, length) != 0) return false;
  *path += length;
  return true;
}

class Parser {
 public:
  Parser(Machine* machine, Records* records)
      : machine_(machine), process_(records->processes), session_(records->sessions) {}

  bool line(const char* path, const char* value) {
    if (starts_with(&path, "devices.")) return device_line(path, value);
    if (starts_with(&path, "faults.")) return fault_line(path, value);
    return set(kMachineRows, machine_, path, value);
  }

 private:
  bool device_line(const char* path, const char* value) {
    const std::uint32_t before = machine_->device_count;
    if (!next_index(&path, &machine_->device_count, kMaxDevices)) return false;
    Device& device = machine_->devices[machine_->device_count - 1];
    if (machine_->device_count > before) {
      device = kUnsaidDevice;
      device.processes = process_;
      device.sessions = session_;
    }
    if (starts_with(&path, "processes.")) return process_line(&device, path, value);
    if (starts_with(&path, "encoder.sessions.")) return session_line(&device, path, value);
    return set(kDeviceRows, &device, path, value);
  }

  bool process_line(Device* device, const char* path, const char* value) {
    const std::uint32_t before = device->process_count;
    if (!next_index(&path, &device->process_count, kMaxProcessesPerDevice)) return false;
    if (device->process_count > before) (process_++)->name = "";
    return set(kProcessRows, process_ - 1, path, value);
  }

  bool session_line(Device* device, const char* path, const char* value) {
    const std::uint32_t before = device->session_count;
    if (!next_index(&path, &device->session_count, kMaxSessionsPerDevice)) return false;
    if (device->session_count > before) ++session_;
    return set(kSessionRows, session_ - 1, path, value);
  }

  bool fault_line(const char* path, const char* value) {
    const std::uint32_t before = machine_->fault_count;
    if (!next_index(&path, &machine_->fault_count, kMaxFaults)) return false;
    Fault& fault = machine_->faults[machine_->fault_count - 1];
    if (machine_->fault_count > before) fault.device = kNull32;
    return set(kFaultRows, &fault, path, value);
  }

  Machine* machine_;
  Process* process_;         // the next one free
  EncoderSession* session_;  // the next one free
};

// "GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01"
bool parse_uuid(const char* text, unsigned char* bytes) {
  if (text == nullptr || !starts_with(&text, "GPU-")) return false;
  for (unsigned i = 0; i < 16; ++i) {
    const bool dash = i == 4 || i == 6 || i == 8 || i == 10;
    if (dash && *text++ != '-') return false;
    std::uint32_t value = 0;
    if (!parse_hex(&text, 2, &value)) return false;
    bytes[i] = static_cast<unsigned char>(value);
  }
  return *text == '\0';
}

// "00000000:01:00.0"
bool parse_bus_id(const char* text, PciAddress* pci) {
  return text != nullptr && parse_hex(&text, 8, &pci->domain) && *text++ == ':' &&
         parse_hex(&text, 2, &pci->bus) && *text++ == ':' && parse_hex(&text, 2, &pci->device) &&
         *text++ == '.' && parse_hex(&text, 1, &pci->function) && *text == '\0';
}

bool finish_device(Device* device) {
  // Written so that no sum can wrap.
  const std::uint64_t total = device->total_bytes;
  if (device->reserved_bytes > total) return false;
  if (device->used_bytes > total - device->reserved_bytes) return false;
  if (device->context_bytes > total) return false;
  return parse_uuid(device->uuid, device->uuid_bytes) &&
         parse_bus_id(device->pci_bus_id, &device->pci);
}

bool finish(Machine* machine) {
  if (machine->format != kFormat) return false;
  const bool driver = machine->driver_version != nullptr && machine->nvml_version != nullptr;
  if (driver == (machine->driver_absent != 0)) return false;
  for (std::uint32_t i = 0; i < machine->device_count; ++i) {
    if (!finish_device(&machine->devices[i])) return false;
  }
  // Last to first, so that each function's faults are found in the order of the scenario.
  for (std::uint32_t i = machine->fault_count; i > 0; --i) {
    Fault& fault = machine->faults[i - 1];
    std::uint32_t& first = machine->first_fault[static_cast<std::uint32_t>(fault.function)];
    fault.next = first;
    first = i;
  }
  return true;
}

bool has_control_characters(const char* text) {
  for (; *text != '\0'; ++text) {
    const unsigned char byte = static_cast<unsigned char>(*text);
    if (byte < 0x20 || byte == 0x7f) return true;
  }
  return false;
}

}  // namespace

bool parse_scenario(char* text, std::size_t length, Machine* machine, Records* records) {
  Parser parser(machine, records);
  char* const end = text + length;
  while (text < end) {
    char* line_end = static_cast<char*>(memchr(text, '\n', static_cast<std::size_t>(end - text)));
    if (line_end == nullptr) return false;
    *line_end = '\0';
    if (memchr(text, '\0', static_cast<std::size_t>(line_end - text)) != nullptr) return false;
    char* equals = strchr(text, '=');
    if (equals == nullptr || has_control_characters(text)) return false;
    *equals = '\0';
    if (!parser.line(text, equals + 1)) return false;
    text = line_end + 1;
  }
  return finish(machine);
}

}  // namespace gpuprobe::sim
