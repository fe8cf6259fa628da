// nvmlDeviceGetFieldValues: readings by number, each entry with its own code.
#include <time.h>

#include "sim/nvml/health.h"
#include "sim/nvml/readings.h"

namespace gpuprobe::sim {
namespace {

// The supported fields of nvml.h's NVML_FI_DEV_*.
enum FieldId : std::uint32_t {
  kEccCurrent = 1,
  kEccPending = 2,
  kEccSbeVolTotal = 3,
  kEccDbeVolTotal = 4,
  kEccSbeAggTotal = 5,
  kEccDbeAggTotal = 6,
  kRetiredSbe = 29,
  kRetiredDbe = 30,
  kRetiredPending = 31,
  kMemoryTemp = 82,
  kTotalEnergyConsumption = 83,
  kPcieReplayCounter = 94,
  kRemappedCor = 142,
  kRemappedUnc = 143,
  kRemappedPending = 144,
  kRemappedFailure = 145,
  kPowerAverage = 185,
  kPowerInstant = 186,
  kPowerMinLimit = 187,
  kPowerMaxLimit = 188,
  kPowerDefaultLimit = 189,
  kPowerCurrentLimit = 190,
  kPowerRequestedLimit = 192,
};
// NVML_FI_MAX of header 13.3. A driver knows the fields of its own time and returns
// INVALID_ARGUMENT for all others; which branch knows which is not modelled.
constexpr std::uint32_t kFieldsEnd = 303;

constexpr std::int64_t kMicrosecondsPerSecond = 1000000;
constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;

constexpr std::uint32_t kScopeGpu = 0;

void answer(NvmlReturn code, std::uint32_t type, std::uint64_t value, NvmlFieldValue* field) {
  field->nvml_return = code;
  field->value_type = type;
  field->value = {};
  if (type == driver::kNvmlValueUnsignedInt) {
    field->value.unsigned_int = static_cast<std::uint32_t>(value);
  } else {
    field->value.unsigned_long_long = value;
  }
}

void answer_int(bool supported, std::uint32_t value, NvmlFieldValue* field) {
  const bool known = supported && value != kNull32;
  answer(known ? driver::kNvmlSuccess : driver::kNvmlNotSupported, driver::kNvmlValueUnsignedInt,
         known ? value : 0, field);
}

void answer_long(bool supported, std::uint64_t value, NvmlFieldValue* field) {
  const bool known = supported && value != kNull64;
  answer(known ? driver::kNvmlSuccess : driver::kNvmlNotSupported,
         driver::kNvmlValueUnsignedLongLong, known ? value : 0, field);
}

void answer_power(const Device& device, NvmlFieldValue* field) {
  // Power is that of the GPU, or of the module that contains it: no model here has a module.
  if (field->scope_id != kScopeGpu) return answer_int(false, 0, field);
  switch (field->field_id) {
    case kPowerMinLimit:
      return answer_int(true, device.min_limit_milliwatts, field);
    case kPowerMaxLimit:
      return answer_int(true, device.max_limit_milliwatts, field);
    case kPowerDefaultLimit:
      return answer_int(true, device.default_limit_milliwatts, field);
    case kPowerCurrentLimit:
    case kPowerRequestedLimit:
      return answer_int(true, device.limit_milliwatts, field);
    default:
      return answer_int(true, device.milliwatts, field);
  }
}

void answer_field(const NvmlCall& call, NvmlFieldValue* field) {
  const Device& device = *call.readings;
  switch (field->field_id) {
    case kEccCurrent:
      return answer_int(has_ecc(call), device.ecc_mode, field);
    case kEccPending:
      return answer_int(has_ecc(call), device.ecc_mode_pending, field);
    case kEccSbeVolTotal:
      return answer_long(has_ecc_counts(call), device.ecc_volatile_corrected, field);
    case kEccDbeVolTotal:
      return answer_long(has_ecc_counts(call), device.ecc_volatile_uncorrected, field);
    case kEccSbeAggTotal:
      return answer_long(has_ecc_counts(call), device.ecc_aggregate_corrected, field);
    case kEccDbeAggTotal:
      return answer_long(has_ecc_counts(call), device.ecc_aggregate_uncorrected, field);
    case kRetiredSbe:
      return answer_int(has_retired_pages(call), device.retired_single_bit, field);
    case kRetiredDbe:
      return answer_int(has_retired_pages(call), device.retired_double_bit, field);
    case kRetiredPending:
      return answer_int(has_retired_pages(call), device.retired_pending, field);
    case kRemappedCor:
      return answer_int(has_remapped_rows(call), device.rows_correctable, field);
    case kRemappedUnc:
      return answer_int(has_remapped_rows(call), device.rows_uncorrectable, field);
    case kRemappedPending:
      return answer_int(has_remapped_rows(call), device.rows_pending, field);
    case kRemappedFailure:
      return answer_int(has_remapped_rows(call), device.rows_failure, field);
    case kMemoryTemp:
      return answer_int(true, device.memory_celsius, field);
    case kTotalEnergyConsumption:
      return answer_long(true, energy_millijoules(call), field);
    case kPcieReplayCounter:
      return answer_int(true, device.pcie_replay_count, field);
    case driver::kNvmlFieldRecoveryAction:
      return answer_int(true, device.recovery_action, field);
    case kPowerAverage:
    case kPowerInstant:
    case kPowerMinLimit:
    case kPowerMaxLimit:
    case kPowerDefaultLimit:
    case kPowerCurrentLimit:
    case kPowerRequestedLimit:
      return answer_power(device, field);
    default:
      field->nvml_return = field->field_id != 0 && field->field_id < kFieldsEnd
                               ? driver::kNvmlNotSupported
                               : driver::kNvmlInvalidArgument;
  }
}

std::int64_t now_us() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kMicrosecondsPerSecond + now.tv_nsec / kNanosecondsPerMicrosecond;
}

}  // namespace

extern "C" {

// The call succeeds whatever its entries say: the caller must check each entry.
NvmlReturn nvmlDeviceGetFieldValues(NvmlDevice device, int count, NvmlFieldValue* values) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml_device(Function::nvmlDeviceGetFieldValues, device, &call);
  if (refused != 0) return refused;
  if (count <= 0 || values == nullptr) return driver::kNvmlInvalidArgument;
  const std::int64_t timestamp_us = now_us();
  for (int i = 0; i < count; ++i) {
    NvmlFieldValue field = values[i];
    field.timestamp = timestamp_us;
    field.latency_usec = 0;
    answer_field(call, &field);
    write_out(call, field, &values[i]);
  }
  return driver::kNvmlSuccess;
}

}  // extern "C"

}  // namespace gpuprobe::sim
