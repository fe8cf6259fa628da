// Simulated NVML: ECC, remapped rows, retired pages, the PCIe link, energy, and fields by number.
#include "check.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::driver;
using namespace gpuprobe::test;

constexpr char kHealth[] =
    "devices.1.ecc.enabled=true\ndevices.1.ecc.pending=false\n"
    "devices.1.ecc.volatile.corrected=3\ndevices.1.ecc.volatile.uncorrected=4\n"
    "devices.1.ecc.aggregate.corrected=5000000000\ndevices.1.ecc.aggregate.uncorrected=6\n"
    "devices.1.ecc={}\ndevices.1.remappedRows={}\ndevices.1.remappedRows.correctable=7\n"
    "devices.1.remappedRows.uncorrectable=8\ndevices.1.remappedRows.pending=true\n"
    "devices.1.retiredPages={}\ndevices.1.retiredPages.singleBit=2\n"
    "devices.1.retiredPages.doubleBit=1\ndevices.1.retiredPages.pending=true\n"
    "devices.1.recoveryAction=2\ndevices.1.memoryTemperatureCelsius=66\n"
    "devices.1.energyMillijoules=12345678901\ndevices.1.powerMilliwatts=41000\n"
    "devices.1.pcie.generation=3\ndevices.1.pcie.maxGeneration=4\ndevices.1.pcie.width=8\n"
    "devices.1.pcie.maxWidth=16\ndevices.1.pcie.replayCount=9\n";

// Checks for what device 1 has used, plus at most one hour of its power.
bool is_energy(unsigned long long millijoules) {
  constexpr unsigned long long kSaid = 12345678901u;
  return millijoules >= kSaid && millijoules < kSaid + 3600ull * 41000;
}

// Device 0 has none of these readings, device 1 has all.
struct Healthy {
  explicit Healthy(const std::string& more = "")
      : nvml(healthy_world(std::string(kHealth) + "devices.1.migMode=0\n" + more)) {
    CHECK_EQ(0, nvml.nvmlInit_v2());
    none = nvml.device(0);
    all = nvml.device(1);
  }
  NvmlReturn errors(NvmlDevice device, unsigned type, unsigned counter,
                    unsigned long long* count) const {
    return nvml.nvmlDeviceGetTotalEccErrors(device, type, counter, count);
  }
  NvmlFieldValue field(NvmlDevice device, std::uint32_t id) const {
    NvmlFieldValue value = {};
    value.field_id = id;
    value.nvml_return = -1;
    CHECK_EQ(0, nvml.nvmlDeviceGetFieldValues(device, 1, &value));
    return value;
  }
  Nvml nvml;
  NvmlDevice none;
  NvmlDevice all;
};

TEST("ECC counts are the scenario's, each in its place") {
  const Healthy machine;
  unsigned current = 9;
  unsigned pending = 9;
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetEccMode(machine.all, &current, &pending));
  CHECK(current == 1 && pending == 0);
  unsigned long long count = 0;
  CHECK_EQ(0, machine.errors(machine.all, 0, 0, &count));
  CHECK_EQ(3u, count);
  CHECK_EQ(0, machine.errors(machine.all, 1, 0, &count));
  CHECK_EQ(4u, count);
  CHECK_EQ(0, machine.errors(machine.all, 0, 1, &count));
  CHECK_EQ(5000000000u, count);
  CHECK_EQ(0, machine.errors(machine.all, 1, 1, &count));
  CHECK_EQ(6u, count);
  CHECK_EQ(2, machine.errors(machine.all, 2, 0, &count));
  CHECK_EQ(2, machine.errors(machine.all, 0, 2, &count));
  CHECK_EQ(2, machine.errors(machine.all, 0, 0, nullptr));
}

TEST("a GPU with ECC switched off has a mode and no counts") {
  const Healthy machine("devices.1.ecc.enabled=false\ndevices.1.ecc.pending=true\n");
  unsigned current = 9;
  unsigned pending = 9;
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetEccMode(machine.all, &current, &pending));
  CHECK(current == 0 && pending == 1);
  unsigned long long count = 0;
  CHECK_EQ(3, machine.errors(machine.all, 1, 0, &count));
  CHECK_EQ(0, machine.field(machine.all, 1).nvml_return);
  CHECK_EQ(3, machine.field(machine.all, 4).nvml_return);
}

TEST("rows and pages") {
  const Healthy machine;
  unsigned correctable = 0;
  unsigned uncorrectable = 0;
  unsigned pending = 9;
  unsigned failure = 9;
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetRemappedRows(machine.all, &correctable, &uncorrectable,
                                                     &pending, &failure));
  CHECK(correctable == 7 && uncorrectable == 8 && pending == 1 && failure == 0);
  unsigned count = 0;
  CHECK_EQ(7, machine.nvml.nvmlDeviceGetRetiredPages(machine.all, 0, &count, nullptr));
  CHECK_EQ(2, count);
  unsigned long long addresses[3] = {};
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetRetiredPages(machine.all, 0, &count, addresses));
  CHECK(addresses[0] != 0 && addresses[1] != 0 && addresses[0] != addresses[1]);
  count = 3;
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetRetiredPages(machine.all, 1, &count, &addresses[2]));
  CHECK_EQ(1, count);
  CHECK(addresses[2] != addresses[0] && addresses[2] != addresses[1]);
  CHECK_EQ(2, machine.nvml.nvmlDeviceGetRetiredPages(machine.all, 2, &count, addresses));
  CHECK_EQ(2, machine.nvml.nvmlDeviceGetRetiredPages(machine.all, 0, nullptr, addresses));
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetRetiredPagesPendingStatus(machine.all, &pending));
  CHECK_EQ(1, pending);
}

TEST("a GPU in MIG mode does not tell its remapped rows") {
  const Nvml nvml(healthy_world(kHealth));
  CHECK_EQ(0, nvml.nvmlInit_v2());
  unsigned value = 0;
  CHECK_EQ(3, nvml.nvmlDeviceGetRemappedRows(nvml.device(1), &value, &value, &value, &value));
}

TEST("the PCIe link and energy") {
  const Healthy machine;
  unsigned value = 0;
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetCurrPcieLinkGeneration(machine.all, &value));
  CHECK_EQ(3, value);
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetMaxPcieLinkGeneration(machine.all, &value));
  CHECK_EQ(4, value);
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetCurrPcieLinkWidth(machine.all, &value));
  CHECK_EQ(8, value);
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetMaxPcieLinkWidth(machine.all, &value));
  CHECK_EQ(16, value);
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetPcieReplayCounter(machine.all, &value));
  CHECK_EQ(9, value);
  unsigned long long energy = 0;
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetTotalEnergyConsumption(machine.all, &energy));
  CHECK(is_energy(energy));
}

TEST("what a model does not have is not supported") {
  const Healthy machine;
  unsigned value = 0;
  unsigned long long count = 0;
  CHECK_EQ(3, machine.nvml.nvmlDeviceGetEccMode(machine.none, &value, &value));
  CHECK_EQ(3, machine.errors(machine.none, 0, 0, &count));
  CHECK_EQ(3, machine.nvml.nvmlDeviceGetRemappedRows(machine.none, &value, &value, &value, &value));
  CHECK_EQ(3, machine.nvml.nvmlDeviceGetRetiredPages(machine.none, 0, &value, nullptr));
  CHECK_EQ(3, machine.nvml.nvmlDeviceGetRetiredPagesPendingStatus(machine.none, &value));
  CHECK_EQ(3, machine.nvml.nvmlDeviceGetTotalEnergyConsumption(machine.none, &count));
  for (const std::uint32_t id : {1u, 3u, 29u, 82u, 83u, 142u, kNvmlFieldRecoveryAction}) {
    CHECK_EQ(3, machine.field(machine.none, id).nvml_return);
  }
}

TEST("each field is answered for itself, and the call is a success") {
  const Healthy machine;
  NvmlFieldValue values[5] = {};
  const std::uint32_t ids[] = {kNvmlFieldRecoveryAction, 0, 83, 303, 100};
  for (int i = 0; i < 5; ++i) values[i].field_id = ids[i];
  CHECK_EQ(0, machine.nvml.nvmlDeviceGetFieldValues(machine.all, 5, values));
  CHECK_EQ(0, values[0].nvml_return);
  CHECK_EQ(kNvmlValueUnsignedInt, values[0].value_type);
  CHECK_EQ(2u, values[0].value.unsigned_int);
  CHECK(values[0].timestamp > 0);
  CHECK_EQ(2, values[1].nvml_return);
  CHECK_EQ(kNvmlValueUnsignedLongLong, values[2].value_type);
  CHECK(is_energy(values[2].value.unsigned_long_long));
  CHECK_EQ(2, values[3].nvml_return);
  CHECK_EQ(3, values[4].nvml_return);
  CHECK_EQ(5000000000u, machine.field(machine.all, 5).value.unsigned_long_long);
  CHECK_EQ(66u, machine.field(machine.all, 82).value.unsigned_int);
  CHECK_EQ(8u, machine.field(machine.all, 143).value.unsigned_int);
  CHECK_EQ(41000u, machine.field(machine.all, 186).value.unsigned_int);
  CHECK_EQ(2, machine.nvml.nvmlDeviceGetFieldValues(machine.all, 0, values));
  CHECK_EQ(2, machine.nvml.nvmlDeviceGetFieldValues(machine.all, -1, values));
  CHECK_EQ(2, machine.nvml.nvmlDeviceGetFieldValues(machine.all, 1, nullptr));
}

TEST("zero readings are zeros, and none of them is refused") {
  const Healthy zero("readings=zero\n");
  unsigned value = 9;
  unsigned long long count = 9;
  CHECK_EQ(0, zero.errors(zero.none, 1, 0, &count));
  CHECK_EQ(0u, count);
  CHECK_EQ(0, zero.nvml.nvmlDeviceGetRetiredPages(zero.none, 1, &value, nullptr));
  CHECK_EQ(0, value);
  count = 9;
  CHECK_EQ(0, zero.nvml.nvmlDeviceGetTotalEnergyConsumption(zero.none, &count));
  CHECK_EQ(0u, count);
  CHECK_EQ(0, zero.field(zero.none, kNvmlFieldRecoveryAction).nvml_return);
}

}  // namespace
