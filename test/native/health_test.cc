// The health probe against a driver that reports success with invalid values: the result is a
// reason, never a number, and never a zero that nobody read.
#include <stdlib.h>

#include <cstring>

#include "check.h"
#include "probes/nvml_health.h"

namespace {

using namespace gpuprobe::driver;
using namespace gpuprobe::probes;

// This probe reads the last fields of the list.
constexpr auto kFirst = static_cast<std::size_t>(Field::ecc_enabled);

void load(const char* directory, Nvml* nvml) {
  const LibrarySearch search = {directory, true};
  CHECK(load_nvml(search, nvml) == LoadStatus::loaded);
}

// Reads a device through the rogue driver.
DeviceRecord read_rogue(const char* how) {
  static Nvml nvml;
  static CurrentCall where;
  CHECK_EQ(0, setenv("GPUPROBE_ROGUE", how, 1));
  load(GPUPROBE_ROGUE, &nvml);
  NvmlDevice device = nullptr;
  CHECK_EQ(0, nvml.nvmlDeviceGetHandleByIndex_v2(0, &device));
  DeviceRecord record;
  memset(&record, 0x55, sizeof record);
  read_health(nvml, &where, device, &record);
  return record;
}

std::int32_t code_of(const DeviceRecord& record, Field field) {
  return record.codes[static_cast<std::size_t>(field)];
}

double value_of(const DeviceRecord& record, Field field) {
  return record.values[static_cast<std::size_t>(field)];
}

TEST("a number that cannot be is malformed, in every field") {
  const DeviceRecord record = read_rogue("garbage");
  for (std::size_t i = kFirst; i < kFieldCount; ++i) {
    CHECK_EQ(static_cast<std::int32_t>(kMalformed), record.codes[i]);
    CHECK_EQ(0.0, record.values[i]);
  }
}

// The length of a list is passed in as 0, so an unwritten length cannot be told from a written 0.
TEST("a success that writes nothing is no reading") {
  const DeviceRecord record = read_rogue("silent");
  for (std::size_t i = kFirst; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    if (field == Field::pages_single_bit || field == Field::pages_double_bit) continue;
    CHECK_EQ(
        static_cast<std::int32_t>(field == Field::recovery_action ? kNotAvailable : kMalformed),
        record.codes[i]);
  }
}

TEST("a field of another type than its own is malformed") {
  const DeviceRecord record = read_rogue("fields");
  CHECK_EQ(static_cast<std::int32_t>(kMalformed), code_of(record, Field::recovery_action));
}

TEST("a library without any of the functions gives their absence as the reason") {
  Nvml nvml = {};
  static CurrentCall where;
  DeviceRecord record;
  memset(&record, 0x55, sizeof record);
  read_health(nvml, &where, nullptr, &record);
  for (std::size_t i = kFirst; i < kFieldCount; ++i) {
    CHECK_EQ(kNvmlFunctionNotFound, record.codes[i]);
  }
}

// Counts the calls for a GPU without ECC and without retired pages.
unsigned asked;

TEST("what the GPU does not have is not asked in detail") {
  Nvml nvml = {};
  static CurrentCall where;
  nvml.nvmlDeviceGetEccMode = [](NvmlDevice, unsigned*, unsigned*) { return kNvmlNotSupported; };
  nvml.nvmlDeviceGetTotalEccErrors = [](NvmlDevice, unsigned, unsigned, unsigned long long*) {
    ++asked;
    return kNvmlUnknown;
  };
  nvml.nvmlDeviceGetRetiredPages = [](NvmlDevice, unsigned, unsigned*, unsigned long long*) {
    ++asked;
    return kNvmlNotSupported;
  };
  nvml.nvmlDeviceGetRetiredPagesPendingStatus = [](NvmlDevice, unsigned*) {
    ++asked;
    return kNvmlUnknown;
  };
  DeviceRecord record = {};
  read_health(nvml, &where, nullptr, &record);
  CHECK_EQ(1u, asked);
  CHECK_EQ(kNvmlNotSupported, code_of(record, Field::ecc_aggregate_uncorrected));
  CHECK_EQ(kNvmlNotSupported, code_of(record, Field::pages_pending));
}

TEST("a count of pages comes from a list that is too short for them") {
  Nvml nvml = {};
  static CurrentCall where;
  nvml.nvmlDeviceGetRetiredPages = [](NvmlDevice, unsigned cause, unsigned* count,
                                      unsigned long long* addresses) {
    CHECK(*count == 0 && addresses == nullptr);
    *count = cause == kNvmlRetiredSingleBit ? 64 : 0;
    return cause == kNvmlRetiredSingleBit ? kNvmlInsufficientSize : kNvmlSuccess;
  };
  DeviceRecord record = {};
  read_health(nvml, &where, nullptr, &record);
  CHECK_EQ(64.0, value_of(record, Field::pages_single_bit));
  CHECK_EQ(0, code_of(record, Field::pages_single_bit));
  CHECK_EQ(0, code_of(record, Field::pages_double_bit));
}

}  // namespace
