// nvmlInternalGetExportTable: tables of functions that have no names, for NVIDIA's own programs.
// nvidia-smi does not start without the one that it asks for; others are refused, as the library
// refuses those that it does not have.
//
// A table is a size in bytes, the size's own 8 included, and then functions. nvidia-smi 535
// compares the size with the place of a function before it calls it, so a table may be shorter than
// the library's, but says "Uninitialized" where a function is missing and N/A where one answers
// NOT_SUPPORTED. Hence all are there. What the slots are was read from what nvidia-smi passes to
// them and takes from them; the number of slots and of arguments, from library 535.309.01.
#include <pthread.h>
#include <string.h>

#include "driver/text.h"
#include "sim/nvml_process.h"

namespace gpuprobe::sim {
namespace {

constexpr std::size_t kUuidBytes = 16;
constexpr unsigned char kTableUuid[kUuidBytes] = {0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e,
                                                  0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4};

using Slot = void (*)();
constexpr std::size_t kSlots = 244;

struct ExportTable {
  std::size_t bytes;
  Slot slots[kSlots];  // nvidia-smi counts in bytes from the table's start: slot 0 is at 8
};
static_assert(sizeof(ExportTable) == 1960);

// Where the slots lie that answer something else than NOT_SUPPORTED.
constexpr std::size_t kCanBeMonitored = 0x240 / sizeof(Slot) - 1;
constexpr std::size_t kComputeProcesses = 0x6a8 / sizeof(Slot) - 1;
constexpr std::size_t kMpsProcesses = 0x6b0 / sizeof(Slot) - 1;
constexpr std::size_t kGraphicsProcesses = 0x6b8 / sizeof(Slot) - 1;

// Called with whatever arguments the slot has, and looks at none.
NvmlReturn refuse() { return driver::kNvmlNotSupported; }

// Asked by `dmon`, `pmon` and `vgpu` before anything else about a device.
NvmlReturn can_be_monitored(NvmlDevice device, unsigned* yes) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlInternalGetExportTable, device, &call);
  return refused != 0 ? refused : give(call, 1u, yes);
}

// Compute lists hold the clients of MPS too: nvidia-smi marks those that are in both lists "M+C".
bool is_listed(ProcessKind kind, ProcessKind list) {
  return kind == list || (kind == ProcessKind::mps_compute && list == ProcessKind::compute);
}

// *count says how much room there is; nvidia-smi asks once, with room for 500.
NvmlReturn list_processes(Function function, ProcessKind list, NvmlDevice device, unsigned* count,
                          NvmlNamedProcess* out) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  if (refused != 0) return refused;
  if (count == nullptr || out == nullptr) return driver::kNvmlInvalidArgument;
  const unsigned room = *count;
  const Device& readings = *call.readings;
  unsigned listed = 0;
  for (std::uint32_t i = 0; i < readings.process_count; ++i) {
    const Process& process = readings.processes[i];
    if (!is_listed(process.kind, list)) continue;
    if (listed < room) {
      out[listed] = {process.pid, process.used_bytes, kNoMigInstance, kNoMigInstance, 0, ""};
      driver::copy_text(out[listed].name, process.name);
    }
    ++listed;
  }
  *count = listed;
  return listed <= room ? driver::kNvmlSuccess : driver::kNvmlInsufficientSize;
}

// A slot fails with the function of the same list.
NvmlReturn list_compute(NvmlDevice device, unsigned* count, NvmlNamedProcess* out) {
  return list_processes(Function::nvmlDeviceGetComputeRunningProcesses_v3, ProcessKind::compute,
                        device, count, out);
}

NvmlReturn list_mps(NvmlDevice device, unsigned* count, NvmlNamedProcess* out) {
  return list_processes(Function::nvmlDeviceGetMPSComputeRunningProcesses_v3,
                        ProcessKind::mps_compute, device, count, out);
}

NvmlReturn list_graphics(NvmlDevice device, unsigned* count, NvmlNamedProcess* out) {
  return list_processes(Function::nvmlDeviceGetGraphicsRunningProcesses_v3, ProcessKind::graphics,
                        device, count, out);
}

ExportTable table;
pthread_once_t table_once = PTHREAD_ONCE_INIT;

void fill_table() {
  table.bytes = sizeof table;
  for (Slot& slot : table.slots) slot = reinterpret_cast<Slot>(refuse);
  table.slots[kCanBeMonitored] = reinterpret_cast<Slot>(can_be_monitored);
  table.slots[kComputeProcesses] = reinterpret_cast<Slot>(list_compute);
  table.slots[kMpsProcesses] = reinterpret_cast<Slot>(list_mps);
  table.slots[kGraphicsProcesses] = reinterpret_cast<Slot>(list_graphics);
}

}  // namespace

extern "C" {

// Answers before initialisation; nvidia-smi asks after it.
NvmlReturn nvmlInternalGetExportTable(const void** out, const void* uuid) {
  if (out == nullptr || uuid == nullptr) return driver::kNvmlInvalidArgument;
  *out = nullptr;
  const World* world = find_world();
  if (world != nullptr) {
    const int fault =
        suffer(*world->machine, Function::nvmlInternalGetExportTable, kNull32, &other_lock);
    if (fault != 0) return fault;
  }
  if (memcmp(uuid, kTableUuid, kUuidBytes) != 0) return driver::kNvmlInvalidArgument;
  pthread_once(&table_once, fill_table);
  *out = &table;
  return driver::kNvmlSuccess;
}

}  // extern "C"

}  // namespace gpuprobe::sim
