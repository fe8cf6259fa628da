#include "sim/nvml/export_slots.h"

#include <stdio.h>

#include "driver/text.h"
#include "sim/engine/fields.h"

namespace gpuprobe::sim {
namespace {

constexpr std::size_t kShortBusIdBytes = 32;
constexpr unsigned kMaxHexDigits = 8;
constexpr unsigned kMostProcesses = 512;
// The library's own text for a process whose name it does not know.
constexpr char kNameless[] = "[Not Found]";

using List = NvmlReturn(NvmlDevice, unsigned*, NvmlProcessInfo*);

// Adds to the `*listed` existing entries. Entries that do not fit are only counted.
NvmlReturn add_processes(List* list, NvmlDevice device, unsigned room, NvmlNamedProcess* out,
                         unsigned* listed) {
  NvmlProcessInfo processes[kMostProcesses];
  unsigned count = kMostProcesses;
  const NvmlReturn code = list(device, &count, processes);
  if (code != driver::kNvmlSuccess) return code;
  // Under a fault, `count` may be more than was written.
  const unsigned written = count < kMostProcesses ? count : kMostProcesses;
  for (unsigned i = 0; i < written && *listed + i < room; ++i) {
    const NvmlProcessInfo& info = processes[i];
    NvmlNamedProcess& entry = out[*listed + i];
    entry = {info.pid, info.used_gpu_memory, info.gpu_instance_id, info.compute_instance_id, 0, ""};
    if (nvmlSystemGetProcessName(info.pid, entry.name, sizeof entry.name) != 0) {
      driver::copy_text(entry.name, kNameless);
    }
  }
  *listed += count;
  return driver::kNvmlSuccess;
}

NvmlReturn list_processes(List* list, List* second, NvmlDevice device, unsigned* count,
                          NvmlNamedProcess* out) {
  if (count == nullptr || out == nullptr) return driver::kNvmlInvalidArgument;
  const unsigned room = *count;
  unsigned listed = 0;
  NvmlReturn code = add_processes(list, device, room, out, &listed);
  if (code == 0 && second != nullptr) code = add_processes(second, device, room, out, &listed);
  if (code != 0) return code;
  *count = listed;
  return listed <= room ? driver::kNvmlSuccess : driver::kNvmlInsufficientSize;
}

// Returns the PCI address, which never changes and needs no device that answers.
NvmlReturn enter_by_index(unsigned index, NvmlCall* call, PciAddress* pci) {
  const NvmlReturn refused = enter_nvml(Function::nvmlInternalGetExportTable, call);
  if (refused != 0) return refused;
  const Machine& machine = *call->world->machine;
  if (index >= machine.device_count) return driver::kNvmlInvalidArgument;
  *pci = machine.devices[index].pci;
  return driver::kNvmlSuccess;
}

// Reads one to eight digits, followed by `end`.
bool take_number(const char** text, char end, unsigned* out) {
  unsigned digits = 0;
  const char* digit = *text;
  unsigned number = 0;
  for (; *digit != end; ++digit, ++digits) {
    std::uint32_t value = 0;
    const char* one = digit;
    if (digits == kMaxHexDigits || !parse_hex(&one, 1, &value)) return false;
    number = number << 4 | value;
  }
  *text = end == '\0' ? digit : digit + 1;
  *out = number;
  return digits > 0;
}

bool has_domain(const char* text) {
  unsigned colons = 0;
  for (; *text != '\0'; ++text) colons += *text == ':';
  return colons == 2;
}

}  // namespace

NvmlReturn slot_can_be_monitored(NvmlDevice device, unsigned* yes) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlInternalGetExportTable, device, &call);
  return refused != 0 ? refused : write_out(call, 1u, yes);
}

NvmlReturn slot_bus_id(unsigned index, char* out, unsigned length) {
  NvmlCall call;
  PciAddress pci;
  const NvmlReturn refused = enter_by_index(index, &call, &pci);
  if (refused != 0) return refused;
  char text[kShortBusIdBytes];
  snprintf(text, sizeof text, "%04X:%02X:%02X.0", pci.domain, pci.bus, pci.device);
  return write_out_text(call, text, out, length);
}

NvmlReturn slot_address(unsigned index, unsigned* domain, unsigned* bus, unsigned* device) {
  NvmlCall call;
  PciAddress pci;
  const NvmlReturn refused = enter_by_index(index, &call, &pci);
  if (refused != 0) return refused;
  if (domain == nullptr || bus == nullptr || device == nullptr) {
    return driver::kNvmlInvalidArgument;
  }
  write_out(call, pci.domain, domain);
  write_out(call, pci.bus, bus);
  return write_out(call, pci.device, device);
}

NvmlReturn slot_parse_bus_id(const char* text, unsigned* domain, unsigned* bus, unsigned* device,
                             unsigned* function) {
  if (text == nullptr || domain == nullptr || bus == nullptr || device == nullptr ||
      function == nullptr) {
    return driver::kNvmlInvalidArgument;
  }
  *domain = 0;
  const bool parsed = (!has_domain(text) || take_number(&text, ':', domain)) &&
                      take_number(&text, ':', bus) && take_number(&text, '.', device) &&
                      take_number(&text, '\0', function);
  return parsed ? driver::kNvmlSuccess : driver::kNvmlInvalidArgument;
}

NvmlReturn slot_compute_processes(NvmlDevice device, unsigned* count, NvmlNamedProcess* out) {
  return list_processes(nvmlDeviceGetComputeRunningProcesses_v2,
                        nvmlDeviceGetMPSComputeRunningProcesses_v2, device, count, out);
}

NvmlReturn slot_mps_processes(NvmlDevice device, unsigned* count, NvmlNamedProcess* out) {
  return list_processes(nvmlDeviceGetMPSComputeRunningProcesses_v2, nullptr, device, count, out);
}

NvmlReturn slot_graphics_processes(NvmlDevice device, unsigned* count, NvmlNamedProcess* out) {
  return list_processes(nvmlDeviceGetGraphicsRunningProcesses_v2, nullptr, device, count, out);
}

}  // namespace gpuprobe::sim
