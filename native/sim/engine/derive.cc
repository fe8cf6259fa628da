#include "sim/engine/derive.h"

#include <string.h>

#include "sim/engine/fields.h"
#include "sim/engine/timed.h"

namespace gpuprobe::sim {
namespace {

constexpr std::uint32_t kPpm = 1000000;

// "GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01"
bool parse_uuid(const char* text, unsigned char* bytes) {
  constexpr char kPrefix[] = "GPU-";
  if (text == nullptr || strncmp(text, kPrefix, sizeof kPrefix - 1) != 0) return false;
  text += sizeof kPrefix - 1;
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

// Returns true if the times are consistent: a process that repeats must end before it starts again.
bool goes_together(const Process& process) {
  if (process.to_ms <= process.from_ms) return false;
  if (process.every_ms == kNull64) return true;
  return process.to_ms != kNull64 && process.every_ms >= process.to_ms - process.from_ms;
}

bool derive_device(Device* device) {
  // Written so that no sum can overflow.
  const std::uint64_t total = device->total_bytes;
  if (device->reserved_bytes > total) return false;
  if (device->used_bytes > total - device->reserved_bytes) return false;
  if (device->context_bytes > total) return false;
  device->timed_process_count = 0;
  for (std::uint32_t i = 0; i < device->process_count; ++i) {
    if (!goes_together(device->processes[i])) return false;
    if (is_timed(device->processes[i])) ++device->timed_process_count;
  }
  return parse_uuid(device->uuid, device->uuid_bytes) &&
         parse_bus_id(device->pci_bus_id, &device->pci);
}

// From last to first, so that each function's faults are found in the scenario's order.
bool derive_faults(Machine* machine) {
  memset(machine->first_fault, 0, sizeof machine->first_fault);
  for (std::uint32_t i = machine->fault_count; i > 0; --i) {
    Fault& fault = machine->faults[i - 1];
    if (fault.from_call == 0 || fault.probability_ppm > kPpm) return false;
    std::uint32_t& first = machine->first_fault[static_cast<std::uint32_t>(fault.function)];
    fault.next = first;
    first = i;
  }
  return true;
}

}  // namespace

bool derive(Machine* machine) {
  const bool versions = machine->driver_version != nullptr && machine->nvml_version != nullptr;
  if (machine->driver_absent == 0 && !versions) return false;
  for (std::uint32_t i = 0; i < machine->device_count; ++i) {
    if (!derive_device(&machine->devices[i])) return false;
  }
  return derive_faults(machine);
}

}  // namespace gpuprobe::sim
