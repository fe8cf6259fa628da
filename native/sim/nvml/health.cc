// What a device reports about its health: ECC, remapped rows, retired pages, the PCIe link, energy.
#include "sim/nvml/health.h"

#include <string.h>

#include "sim/nvml/field_answers.h"

namespace gpuprobe::sim {
namespace {

constexpr unsigned kRetirementCauses = 2;  // single-bit, double-bit

// Addresses of retired pages: invented, but the same at every call, and never the same page twice.
constexpr unsigned long long kFirstRetiredPage = 0x1000000;
constexpr unsigned long long kRetiredPageStride = 0x10000;
// Time of retirement, also invented: seconds since 1970, as nvidia-smi interprets it.
constexpr unsigned long long kRetiredPageTime = 1735689600;

unsigned long long retired_page(unsigned cause, std::uint32_t index) {
  return kFirstRetiredPage + (index * kRetirementCauses + cause) * kRetiredPageStride;
}

// A query of the length (count 0) needs no room for addresses. The first version has no timestamps.
NvmlReturn list_retired_pages(Function function, NvmlDevice device, unsigned cause, unsigned* count,
                              unsigned long long* addresses, unsigned long long* timestamps) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(function, device, &call);
  if (refused != 0) return refused;
  if (!has_retired_pages(call)) return driver::kNvmlNotSupported;
  if (cause >= kRetirementCauses) return driver::kNvmlInvalidArgument;
  const std::uint32_t pages = cause == driver::kNvmlRetiredSingleBit
                                  ? call.readings->retired_single_bit
                                  : call.readings->retired_double_bit;
  std::uint32_t next = 0;
  const auto write = [&](void* element) {
    const unsigned long long address = retired_page(cause, next);
    memcpy(element, &address, sizeof address);
    if (timestamps != nullptr) timestamps[next] = kRetiredPageTime;
    ++next;
  };
  const ListOut list = {count, addresses, sizeof *addresses, driver::kNvmlInsufficientSize};
  return write_out_list(call, list, pages, write);
}

}  // namespace

bool has_ecc(const NvmlCall& call) { return call.readings->ecc_absent == 0; }

bool has_ecc_counts(const NvmlCall& call) {
  // A driver that answers zero to everything also does so for the mode, and refuses nothing.
  const bool zero = call.world->machine->readings == Readings::zero;
  return has_ecc(call) && (zero || call.readings->ecc_mode != 0);
}

bool is_ecc_count(unsigned error_type, unsigned counter_type) {
  return error_type <= driver::kNvmlEccUncorrected && counter_type <= driver::kNvmlEccAggregate;
}

std::uint64_t ecc_errors(const NvmlCall& call, unsigned error_type, unsigned counter_type) {
  const Device& device = *call.readings;
  const bool corrected = error_type == driver::kNvmlEccCorrected;
  if (counter_type == driver::kNvmlEccVolatile) {
    return corrected ? device.ecc_volatile_corrected : device.ecc_volatile_uncorrected;
  }
  return corrected ? device.ecc_aggregate_corrected : device.ecc_aggregate_uncorrected;
}

bool has_remapped_rows(const NvmlCall& call) {
  return call.readings->remapped_rows_absent == 0 && !is_split(*call.readings);
}

bool has_retired_pages(const NvmlCall& call) { return call.readings->retired_pages_absent == 0; }

extern "C" {

NvmlReturn nvmlDeviceGetEccMode(NvmlDevice device, unsigned* current, unsigned* pending) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetEccMode, device, &call);
  if (refused != 0) return refused;
  if (current == nullptr || pending == nullptr) return driver::kNvmlInvalidArgument;
  if (!has_ecc(call)) return driver::kNvmlNotSupported;
  write_out(call, call.readings->ecc_mode, current);
  return write_out(call, call.readings->ecc_mode_pending, pending);
}

NvmlReturn nvmlDeviceGetTotalEccErrors(NvmlDevice device, unsigned error_type,
                                       unsigned counter_type, unsigned long long* count) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetTotalEccErrors, device, &call);
  if (refused != 0) return refused;
  if (!is_ecc_count(error_type, counter_type)) return driver::kNvmlInvalidArgument;
  if (!has_ecc_counts(call)) return driver::kNvmlNotSupported;
  return write_out<unsigned long long>(call, ecc_errors(call, error_type, counter_type), count);
}

NvmlReturn nvmlDeviceGetRemappedRows(NvmlDevice device, unsigned* correctable,
                                     unsigned* uncorrectable, unsigned* pending,
                                     unsigned* failure) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetRemappedRows, device, &call);
  if (refused != 0) return refused;
  if (correctable == nullptr || uncorrectable == nullptr) return driver::kNvmlInvalidArgument;
  if (pending == nullptr || failure == nullptr) return driver::kNvmlInvalidArgument;
  if (!has_remapped_rows(call)) return driver::kNvmlNotSupported;
  write_out(call, call.readings->rows_correctable, correctable);
  write_out(call, call.readings->rows_uncorrectable, uncorrectable);
  write_out(call, call.readings->rows_pending, pending);
  return write_out(call, call.readings->rows_failure, failure);
}

NvmlReturn nvmlDeviceGetRetiredPages(NvmlDevice device, unsigned cause, unsigned* count,
                                     unsigned long long* addresses) {
  return list_retired_pages(Function::nvmlDeviceGetRetiredPages, device, cause, count, addresses,
                            nullptr);
}

NvmlReturn nvmlDeviceGetRetiredPages_v2(NvmlDevice device, unsigned cause, unsigned* count,
                                        unsigned long long* addresses,
                                        unsigned long long* timestamps) {
  return list_retired_pages(Function::nvmlDeviceGetRetiredPages_v2, device, cause, count, addresses,
                            timestamps);
}

NvmlReturn nvmlDeviceGetRetiredPagesPendingStatus(NvmlDevice device, unsigned* pending) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetRetiredPagesPendingStatus, device, &call);
  if (refused != 0) return refused;
  if (!has_retired_pages(call)) return driver::kNvmlNotSupported;
  return write_out(call, call.readings->retired_pending, pending);
}

NvmlReturn nvmlDeviceGetCurrPcieLinkGeneration(NvmlDevice device, unsigned* generation) {
  return write_out_reading(Function::nvmlDeviceGetCurrPcieLinkGeneration, device,
                           &Device::pcie_generation, generation);
}

NvmlReturn nvmlDeviceGetCurrPcieLinkWidth(NvmlDevice device, unsigned* lanes) {
  return write_out_reading(Function::nvmlDeviceGetCurrPcieLinkWidth, device, &Device::pcie_width,
                           lanes);
}

NvmlReturn nvmlDeviceGetMaxPcieLinkGeneration(NvmlDevice device, unsigned* generation) {
  return write_out_reading(Function::nvmlDeviceGetMaxPcieLinkGeneration, device,
                           &Device::pcie_max_generation, generation);
}

NvmlReturn nvmlDeviceGetMaxPcieLinkWidth(NvmlDevice device, unsigned* lanes) {
  return write_out_reading(Function::nvmlDeviceGetMaxPcieLinkWidth, device, &Device::pcie_max_width,
                           lanes);
}

NvmlReturn nvmlDeviceGetPcieReplayCounter(NvmlDevice device, unsigned* count) {
  return write_out_reading(Function::nvmlDeviceGetPcieReplayCounter, device,
                           &Device::pcie_replay_count, count);
}

NvmlReturn nvmlDeviceGetTotalEnergyConsumption(NvmlDevice device, unsigned long long* millijoules) {
  NvmlCall call;
  const NvmlReturn refused =
      enter_nvml_device(Function::nvmlDeviceGetTotalEnergyConsumption, device, &call);
  if (refused != 0) return refused;
  const std::uint64_t energy = energy_millijoules(call);
  if (energy == kNull64) return driver::kNvmlNotSupported;
  return write_out<unsigned long long>(call, energy, millijoules);
}

}  // extern "C"

}  // namespace gpuprobe::sim
