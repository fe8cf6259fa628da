// nvmlInternalGetExportTable: tables of unnamed functions for NVIDIA's own programs. nvidia-smi
// does not start without the one it asks for. Other tables are refused, as the library refuses
// tables that it does not have.
//
// A table is its size in bytes, including this first entry, and then functions. nvidia-smi 535
// compares the size with a function's offset before calling it, so a table may be shorter than the
// library's. But if a function is missing nvidia-smi prints "Uninitialized", and if it returns
// NOT_SUPPORTED, N/A. So all are present. The number of slots, and of each slot's arguments, is
// that of library 535.309.01; the purpose of a slot was observed from what nvidia-smi passes and
// how it uses the answer.
#include <pthread.h>
#include <string.h>

#include "sim/nvml/export_slots.h"

namespace gpuprobe::sim {
namespace {

constexpr std::size_t kUuidBytes = 16;
constexpr unsigned char kTableUuid[kUuidBytes] = {0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e,
                                                  0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4};

using Slot = void (*)();

union Entry {
  std::uintptr_t bytes;  // size of the table; only the first entry
  Slot slot;             // all other entries
};
constexpr std::size_t kTableBytes = 1960;
constexpr std::size_t kEntries = kTableBytes / sizeof(Entry);
static_assert(sizeof(Entry) == 8 && kEntries == 245);

// Called with each slot's own arguments; ignores them.
NvmlReturn refuse() { return driver::kNvmlNotSupported; }

Entry table[kEntries];
pthread_once_t table_once = PTHREAD_ONCE_INIT;

template <typename F>
void set_slot(std::size_t offset, F* function) {
  table[offset / sizeof(Entry)].slot = reinterpret_cast<Slot>(function);
}

void fill_table() {
  for (std::size_t i = 1; i < kEntries; ++i) set_slot(i * sizeof(Entry), refuse);
  table[0].bytes = kTableBytes;
  // Functions that also have names.
  set_slot(0x0e8, nvmlDeviceGetGpuOperationMode);
  set_slot(0x0f8, nvmlDeviceGetDisplayActive);
  set_slot(0x170, nvmlDeviceGetPowerManagementLimitConstraints);
  set_slot(0x178, nvmlDeviceGetPowerManagementDefaultLimit);
  set_slot(0x1c8, nvmlDeviceGetCurrentClocksThrottleReasons);
  set_slot(0x1d0, nvmlDeviceGetSupportedClocksThrottleReasons);
  set_slot(0x360, nvmlDeviceGetEnforcedPowerLimit);
  set_slot(0x4a8, nvmlDeviceGetBoardPartNumber);
  // Functions without names.
  set_slot(0x060, slot_parse_bus_id);
  set_slot(0x240, slot_can_be_monitored);
  set_slot(0x258, slot_address);
  set_slot(0x288, slot_bus_id);
  set_slot(0x6a8, slot_compute_processes);
  set_slot(0x6b0, slot_mps_processes);
  set_slot(0x6b8, slot_graphics_processes);
}

}  // namespace

extern "C" {

// Needs no initialisation, as in the real library.
NvmlReturn nvmlInternalGetExportTable(const void** out, const void* uuid) {
  if (out == nullptr || uuid == nullptr) return driver::kNvmlInvalidArgument;
  *out = nullptr;
  NvmlCall call;
  if (call.seen.enter()) {
    const int fault = inject_fault(Function::nvmlInternalGetExportTable, call, &other_lock);
    if (fault != 0) return fault;
  }
  if (memcmp(uuid, kTableUuid, kUuidBytes) != 0) return driver::kNvmlInvalidArgument;
  pthread_once(&table_once, fill_table);
  *out = table;
  return driver::kNvmlSuccess;
}

}  // extern "C"

}  // namespace gpuprobe::sim
