#include "probes/nvml_health.h"

namespace gpuprobe::probes {
namespace {

using namespace driver;

// Value of a result before the call. If a driver claims success but writes nothing, there is no
// reading, and a zero would look like one.
// mutation: unwritten-sentinel
constexpr unsigned kUnwritten = 0xFFFFFFFFu;
constexpr unsigned long long kUnwrittenLong = 0xFFFFFFFFFFFFFFFFull;

// Upper limits of valid values. A double is exact up to 2^53. The resource manager keeps 64 retired
// pages (NV2080_CTRL_FB_OFFLINED_PAGES_MAX_PAGES). PCI Express has 4 bits for a link's speed and 6
// for its width.
constexpr unsigned long long kMostCounted = 1ull << 53;
constexpr unsigned long long kMostOfUnsigned = kUnwritten - 1;
constexpr unsigned long long kMostOfFlag = 1;
constexpr unsigned long long kMostRetiredPages = 64;
constexpr unsigned long long kMostPcieGeneration = 15;
constexpr unsigned long long kMostPcieLanes = 63;

constexpr double kMilli = 1000;

NvmlReturn bounded(NvmlReturn code, unsigned long long value, unsigned long long most) {
  return code == kNvmlSuccess && value > most ? kMalformed : code;
}

void set_bounded(DeviceRecord* device, Field field, NvmlReturn code, unsigned long long value,
                 unsigned long long most) {
  set_reading(device, field, bounded(code, value, most), static_cast<double>(value));
}

// A GPU without ECC has no counts either, which saves four calls. A GPU with ECC disabled is asked:
// its answer is the reason.
void read_ecc(const Nvml& nvml, CurrentCall* where, NvmlDevice handle, DeviceRecord* device) {
  unsigned current = kUnwritten;
  unsigned pending = kUnwritten;
  const NvmlReturn mode = ask<&Nvml::nvmlDeviceGetEccMode>(nvml, where, handle, &current, &pending);
  set_bounded(device, Field::ecc_enabled, mode, current, kMostOfFlag);
  set_bounded(device, Field::ecc_pending, mode, pending, kMostOfFlag);
  constexpr struct {
    Field field;
    unsigned error_type;
    unsigned counter_type;
  } kCounts[] = {
      {Field::ecc_volatile_corrected, kNvmlEccCorrected, kNvmlEccVolatile},
      {Field::ecc_volatile_uncorrected, kNvmlEccUncorrected, kNvmlEccVolatile},
      {Field::ecc_aggregate_corrected, kNvmlEccCorrected, kNvmlEccAggregate},
      {Field::ecc_aggregate_uncorrected, kNvmlEccUncorrected, kNvmlEccAggregate},
  };
  for (const auto& [field, error_type, counter_type] : kCounts) {
    unsigned long long count = kUnwrittenLong;
    const NvmlReturn code = mode == kNvmlNotSupported
                                ? mode
                                : ask<&Nvml::nvmlDeviceGetTotalEccErrors>(
                                      nvml, where, handle, error_type, counter_type, &count);
    set_bounded(device, field, code, count, kMostCounted);
  }
}

// One call fills four readings: if one value is invalid, all four are.
void read_remapped_rows(const Nvml& nvml, CurrentCall* where, NvmlDevice handle,
                        DeviceRecord* device) {
  unsigned correctable = kUnwritten;
  unsigned uncorrectable = kUnwritten;
  unsigned pending = kUnwritten;
  unsigned failure = kUnwritten;
  NvmlReturn code = ask<&Nvml::nvmlDeviceGetRemappedRows>(nvml, where, handle, &correctable,
                                                          &uncorrectable, &pending, &failure);
  code = bounded(code, correctable, kMostOfUnsigned);
  code = bounded(code, uncorrectable, kMostOfUnsigned);
  code = bounded(code, pending, kMostOfFlag);
  code = bounded(code, failure, kMostOfFlag);
  set_reading(device, Field::rows_correctable, code, correctable);
  set_reading(device, Field::rows_uncorrectable, code, uncorrectable);
  set_reading(device, Field::rows_pending, code, pending);
  set_reading(device, Field::rows_failure, code, failure);
}

// Asks only for the length of the list: with a null array, the driver cannot write beyond it.
NvmlReturn count_retired_pages(const Nvml& nvml, CurrentCall* where, NvmlDevice handle,
                               unsigned cause, unsigned* count) {
  unsigned long long* const no_addresses = nullptr;
  *count = 0;
  const NvmlReturn code =
      ask<&Nvml::nvmlDeviceGetRetiredPages>(nvml, where, handle, cause, count, no_addresses);
  // If there are pages, a list of length 0 is too short for them.
  return bounded(code == kNvmlInsufficientSize ? kNvmlSuccess : code, *count, kMostRetiredPages);
}

void read_retired_pages(const Nvml& nvml, CurrentCall* where, NvmlDevice handle,
                        DeviceRecord* device) {
  unsigned count = 0;
  const NvmlReturn first = count_retired_pages(nvml, where, handle, kNvmlRetiredSingleBit, &count);
  set_reading(device, Field::pages_single_bit, first, count);
  if (first == kNvmlNotSupported) {
    set_reading(device, Field::pages_double_bit, first, 0);
    set_reading(device, Field::pages_pending, first, 0);
    return;
  }
  const NvmlReturn second = count_retired_pages(nvml, where, handle, kNvmlRetiredDoubleBit, &count);
  set_reading(device, Field::pages_double_bit, second, count);
  unsigned pending = kUnwritten;
  const NvmlReturn third =
      ask<&Nvml::nvmlDeviceGetRetiredPagesPendingStatus>(nvml, where, handle, &pending);
  set_bounded(device, Field::pages_pending, third, pending, kMostOfFlag);
}

// Success of the call is not enough: the entry has its own code. A driver older than the field puts
// "invalid argument" there.
void read_recovery_action(const Nvml& nvml, CurrentCall* where, NvmlDevice handle,
                          DeviceRecord* device) {
  NvmlFieldValue entry{};
  entry.field_id = kNvmlFieldRecoveryAction;
  entry.nvml_return = kNotAvailable;
  NvmlReturn code = ask<&Nvml::nvmlDeviceGetFieldValues>(nvml, where, handle, 1, &entry);
  if (code == kNvmlSuccess) code = entry.nvml_return;
  if (code == kNvmlSuccess && entry.value_type != kNvmlValueUnsignedInt) code = kMalformed;
  set_reading(device, Field::recovery_action, code, entry.value.unsigned_int);
}

template <auto Member>
void read_unsigned(const Nvml& nvml, CurrentCall* where, NvmlDevice handle, DeviceRecord* device,
                   Field field, unsigned long long most) {
  unsigned value = kUnwritten;
  const NvmlReturn code = ask<Member>(nvml, where, handle, &value);
  set_bounded(device, field, code, value, most);
}

// Throughput is left out: NVML measures it for 20 ms within the call.
void read_pcie(const Nvml& nvml, CurrentCall* where, NvmlDevice handle, DeviceRecord* device) {
  read_unsigned<&Nvml::nvmlDeviceGetCurrPcieLinkGeneration>(
      nvml, where, handle, device, Field::pcie_generation, kMostPcieGeneration);
  read_unsigned<&Nvml::nvmlDeviceGetMaxPcieLinkGeneration>(
      nvml, where, handle, device, Field::pcie_max_generation, kMostPcieGeneration);
  read_unsigned<&Nvml::nvmlDeviceGetCurrPcieLinkWidth>(nvml, where, handle, device,
                                                       Field::pcie_width, kMostPcieLanes);
  read_unsigned<&Nvml::nvmlDeviceGetMaxPcieLinkWidth>(nvml, where, handle, device,
                                                      Field::pcie_max_width, kMostPcieLanes);
  read_unsigned<&Nvml::nvmlDeviceGetPcieReplayCounter>(nvml, where, handle, device,
                                                       Field::pcie_replay_count, kMostOfUnsigned);
}

void read_energy(const Nvml& nvml, CurrentCall* where, NvmlDevice handle, DeviceRecord* device) {
  unsigned long long millijoules = kUnwrittenLong;
  const NvmlReturn code =
      ask<&Nvml::nvmlDeviceGetTotalEnergyConsumption>(nvml, where, handle, &millijoules);
  set_reading(device, Field::energy, bounded(code, millijoules, kMostCounted),
              static_cast<double>(millijoules) / kMilli);
}

}  // namespace

void read_health(const Nvml& nvml, CurrentCall* where, NvmlDevice handle, DeviceRecord* device) {
  read_ecc(nvml, where, handle, device);
  read_remapped_rows(nvml, where, handle, device);
  read_retired_pages(nvml, where, handle, device);
  read_recovery_action(nvml, where, handle, device);
  read_pcie(nvml, where, handle, device);
  read_energy(nvml, where, handle, device);
}

}  // namespace gpuprobe::probes
