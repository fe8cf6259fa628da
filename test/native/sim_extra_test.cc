// Simulated NVML as programs other than gpuprobe use it: the functions that only they call, and the
// export table that nvidia-smi needs to start.
#include <vector>

#include "check.h"
#include "sim/nvml/extra_abi.h"
#include "sim_machine.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::test;
using gpuprobe::driver::NvmlEventSet;
using gpuprobe::sim::NvmlBar1Memory;

constexpr char kMore[] =
    "devices.1.brand=12\ndevices.1.architecture=8\ndevices.1.computeCapability.major=8\n"
    "devices.1.computeCapability.minor=9\ndevices.1.serial=1650223014431\n"
    "devices.1.bar1.totalBytes=900\ndevices.1.bar1.usedBytes=200\ndevices.1.fanPercent=null\n"
    "devices.1.powerLimits.minMilliwatts=40000\ndevices.1.powerLimits.maxMilliwatts=72000\n"
    "devices.1.temperatureLimits.shutdownCelsius=104\n"
    "devices.1.temperatureLimits.maxOperatingCelsius=null\n"
    "devices.1.pcie.txKilobytesPerSecond=18\ndevices.1.pcie.rxKilobytesPerSecond=51\n"
    "devices.1.ecc={}\ndevices.1.ecc.enabled=true\ndevices.1.ecc.volatile.corrected=3\n"
    "devices.1.ecc.aggregate.uncorrected=6\ndevices.1.pci.deviceId=682627294\n"
    "devices.1.performanceState=8\n";

// NVML plus the functions of extra_symbols.def.
struct Machine : Nvml {
#define NVML_SYMBOL(need, since, name, parameters) NvmlReturn(*name) parameters;
#include "sim/nvml/extra_symbols.def"
#undef NVML_SYMBOL
  const char* (*nvmlErrorString)(NvmlReturn code);
  NvmlDevice gpu = nullptr;

  explicit Machine(const std::string& more = "") : Nvml(healthy_world(kMore + more)) {
#define NVML_SYMBOL(need, since, name, parameters) find_symbol(handle, #name, &name);
#include "sim/nvml/extra_symbols.def"
#undef NVML_SYMBOL
    find_symbol(handle, "nvmlErrorString", &nvmlErrorString);
    CHECK_EQ(0, nvmlInit_v2());
    if (nvmlDeviceGetHandleByIndex_v2(1, &gpu) != 0) gpu = nullptr;
  }
};

constexpr unsigned char kUuid[] = {0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e,
                                   0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4};

using Pointer = const void*;
// A slot as nvidia-smi calls it: all arguments are passed as words.
using Slot = NvmlReturn (*)(Pointer, Pointer, Pointer, Pointer, Pointer);

struct Table {
  explicit Table(const Machine& machine) {
    CHECK_EQ(0, machine.nvmlInternalGetExportTable(&start, kUuid));
    CHECK(start != nullptr);
  }
  NvmlReturn call(std::size_t offset, Pointer a, Pointer b = nullptr, Pointer c = nullptr,
                  Pointer d = nullptr, Pointer e = nullptr) const {
    Slot slot;
    memcpy(&slot, static_cast<const char*>(start) + offset, sizeof slot);
    CHECK(slot != nullptr);
    return slot(a, b, c, d, e);
  }
  Pointer start = nullptr;
};

// A small integer in place of a pointer: a public imitation of the tables writes through it.
Pointer small(std::uintptr_t number) { return reinterpret_cast<Pointer>(number); }

TEST("the one table is had by its UUID, and says its size") {
  const Machine machine;
  const Table table(machine);
  std::size_t bytes = 0;
  memcpy(&bytes, table.start, sizeof bytes);
  CHECK_EQ(1960u, bytes);
  const void* other = &machine;
  const unsigned char unknown[16] = {};
  CHECK_EQ(2, machine.nvmlInternalGetExportTable(&other, unknown));
  CHECK(other == nullptr);
  CHECK_EQ(2, machine.nvmlInternalGetExportTable(nullptr, kUuid));
  CHECK_EQ(2, machine.nvmlInternalGetExportTable(&other, nullptr));
}

TEST("slots without a meaning are NOT_SUPPORTED whatever is passed, and touch nothing") {
  const Machine machine;
  const Table table(machine);
  for (const std::size_t offset : {0x8u, 0x38u, 0xd0u, 0x5b0u, 0x6f8u, 0x780u, 0x7a0u}) {
    CHECK_EQ(3, table.call(offset, small(1), small(2), small(3), small(4), small(5)));
  }
}

// Offsets as nvidia-smi reads them, written independently of the struct.
struct Listed {
  explicit Listed(unsigned room) : bytes(room * 4128) {}
  template <typename T>
  T at(std::size_t index, std::size_t offset) const {
    T value;
    memcpy(&value, bytes.data() + index * 4128 + offset, sizeof value);
    return value;
  }
  const char* name(std::size_t index) const { return bytes.data() + index * 4128 + 32; }
  std::vector<char> bytes;
};

TEST("process lists have the names, and MPS clients in two of them") {
  const Machine machine;
  const Table table(machine);
  Listed list(4);
  unsigned count = 4;
  CHECK_EQ(0, table.call(0x6a8, machine.device(0), &count, list.bytes.data()));
  CHECK_EQ(3u, count);
  CHECK_EQ(41u, list.at<unsigned>(0, 0));
  CHECK_EQ(60u, list.at<std::uint64_t>(0, 8));
  CHECK_EQ(0xFFFFFFFFu, list.at<unsigned>(0, 16));
  CHECK_EQ(0xFFFFFFFFu, list.at<unsigned>(0, 20));
  CHECK_EQ(std::string("streamer"), list.name(0));
  CHECK_EQ(42u, list.at<unsigned>(2, 0));
  CHECK_EQ(0xFFFFFFFFFFFFFFFFull, list.at<std::uint64_t>(2, 8));
  count = 4;
  CHECK_EQ(0, table.call(0x6b0, machine.device(0), &count, list.bytes.data()));
  CHECK_EQ(1u, count);
  CHECK_EQ(42u, list.at<unsigned>(0, 0));
  count = 4;
  CHECK_EQ(0, table.call(0x6b8, machine.device(0), &count, list.bytes.data()));
  CHECK_EQ(0u, count);
}

TEST("a process list writes no more than there is room for") {
  const Machine machine;
  const Table table(machine);
  Listed list(2);
  unsigned count = 1;
  CHECK_EQ(7, table.call(0x6a8, machine.device(0), &count, list.bytes.data()));
  CHECK_EQ(3u, count);
  CHECK_EQ(0u, list.at<unsigned>(1, 0));
  CHECK_EQ(2, table.call(0x6a8, machine.device(0), nullptr, list.bytes.data()));
  CHECK_EQ(2, table.call(0x6a8, machine.device(0), &count, nullptr));
  CHECK_EQ(2, table.call(0x6a8, small(1), &count, list.bytes.data()));
}

TEST("a GPU that is lost keeps its address, and the other one can be monitored") {
  const Machine machine("devices.1.lost=true\n");
  const Table table(machine);
  char text[32];
  CHECK_EQ(0, table.call(0x288, small(1), text, small(sizeof text)));
  CHECK_EQ(std::string("0001:41:00.0"), text);
  CHECK_EQ(7, table.call(0x288, small(1), text, small(4)));
  CHECK_EQ(2, table.call(0x288, small(2), text, small(sizeof text)));
  unsigned domain = 9;
  unsigned bus = 9;
  unsigned device = 9;
  CHECK_EQ(0, table.call(0x258, small(1), &domain, &bus, &device));
  CHECK(domain == 1 && bus == 0x41 && device == 0);
  CHECK_EQ(2, table.call(0x258, small(1), &domain, &bus, nullptr));
  unsigned yes = 9;
  CHECK_EQ(0, table.call(0x240, machine.device(0), &yes));
  CHECK_EQ(1u, yes);
}

TEST("bus ids are taken with and without a domain, and nothing else") {
  const Machine machine;
  const Table table(machine);
  unsigned domain = 9;
  unsigned bus = 9;
  unsigned device = 9;
  unsigned function = 9;
  const auto parse = [&](const char* text) {
    return table.call(0x60, text, &domain, &bus, &device, &function);
  };
  CHECK_EQ(0, parse("00000001:41:1f.7"));
  CHECK(domain == 1 && bus == 0x41 && device == 0x1f && function == 7);
  CHECK_EQ(0, parse("C1:0.0"));
  CHECK(domain == 0 && bus == 0xc1 && device == 0 && function == 0);
  for (const char* text :
       {"", ":", "1", "1:2", "1:2.", "1:2.x", "1::2.0", "1:2:3:4.0", "000000001:2:3.0", "1:2.0 "}) {
    CHECK_EQ(2, parse(text));
  }
  CHECK_EQ(2, table.call(0x60, nullptr, &domain, &bus, &device, &function));
}

TEST("functions that only others call give the scenario's values") {
  const Machine machine;
  unsigned value = 99;
  unsigned other = 99;
  char text[32];
  int major = 0;
  int minor = 0;
  CHECK_EQ(0, machine.nvmlDeviceGetBrand(machine.gpu, &value));
  CHECK_EQ(12u, value);
  CHECK_EQ(0, machine.nvmlDeviceGetPerformanceState(machine.gpu, &value));
  CHECK_EQ(8u, value);
  CHECK_EQ(0, machine.nvmlDeviceGetCudaComputeCapability(machine.gpu, &major, &minor));
  CHECK(major == 8 && minor == 9);
  CHECK_EQ(0, machine.nvmlDeviceGetSerial(machine.gpu, text, sizeof text));
  CHECK_EQ(std::string("1650223014431"), text);
  NvmlBar1Memory bar1 = {};
  CHECK_EQ(0, machine.nvmlDeviceGetBAR1MemoryInfo(machine.gpu, &bar1));
  CHECK(bar1.total == 900 && bar1.used == 200 && bar1.free == 700);
  CHECK_EQ(0, machine.nvmlDeviceGetPowerManagementLimitConstraints(machine.gpu, &value, &other));
  CHECK(value == 40000 && other == 72000);
  CHECK_EQ(0, machine.nvmlDeviceGetTemperatureThreshold(machine.gpu, 0, &value));
  CHECK_EQ(104u, value);
  CHECK_EQ(0, machine.nvmlDeviceGetPcieThroughput(machine.gpu, 0, &value));
  CHECK_EQ(18u, value);
  CHECK_EQ(0, machine.nvmlDeviceGetPcieThroughput(machine.gpu, 1, &value));
  CHECK_EQ(51u, value);
  gpuprobe::driver::NvmlPciInfo pci = {};
  CHECK_EQ(0, machine.nvmlDeviceGetPciInfo_v3(machine.gpu, &pci));
  CHECK_EQ(682627294u, pci.pci_device_id);
}

TEST(
    "what the model does not have is NOT_SUPPORTED, and what NVML does not have INVALID_ARGUMENT") {
  const Machine machine;
  unsigned value = 0;
  char text[8];
  CHECK_EQ(3, machine.nvmlDeviceGetFanSpeed(machine.gpu, &value));
  CHECK_EQ(3, machine.nvmlDeviceGetVbiosVersion(machine.gpu, text, sizeof text));
  CHECK_EQ(3, machine.nvmlDeviceGetTemperatureThreshold(machine.gpu, 2, &value));
  CHECK_EQ(3, machine.nvmlDeviceGetTemperatureThreshold(machine.gpu, 3, &value));
  CHECK_EQ(2, machine.nvmlDeviceGetTemperatureThreshold(machine.gpu, 7, &value));
  CHECK_EQ(2, machine.nvmlDeviceGetPcieThroughput(machine.gpu, 2, &value));
  CHECK_EQ(2, machine.nvmlDeviceGetMaxClockInfo(machine.gpu, 4, &value));
  CHECK_EQ(3, machine.nvmlDeviceGetAccountingMode(machine.gpu, &value));
  CHECK_EQ(2, machine.nvmlDeviceGetAccountingMode(nullptr, &value));
}

TEST("ECC errors are those of the device memory") {
  const Machine machine;
  unsigned long long count = 9;
  const auto errors = [&](unsigned error, unsigned counter, unsigned location) {
    return machine.nvmlDeviceGetMemoryErrorCounter(machine.gpu, error, counter, location, &count);
  };
  CHECK_EQ(0, errors(0, 0, 2));
  CHECK_EQ(3u, count);
  CHECK_EQ(0, errors(1, 1, 2));
  CHECK_EQ(6u, count);
  CHECK_EQ(0, errors(1, 1, 7));
  CHECK_EQ(0u, count);
  CHECK_EQ(3, errors(0, 0, 0));
  CHECK_EQ(2, errors(2, 0, 2));
}

TEST("a fault strikes a function that only others call") {
  const Machine machine(
      "faults=3\nfaults.0.function=nvmlDeviceGetBrand\nfaults.0.effect=return\nfaults.0.code=999\n"
      "faults.1.function=nvmlDeviceGetAccountingMode\nfaults.1.effect=return\nfaults.1.code=15\n"
      "faults.2.function=nvmlDeviceGetComputeRunningProcesses_v2\nfaults.2.effect=return\n"
      "faults.2.code=4\n");
  const Table table(machine);
  unsigned value = 0;
  Listed list(1);
  CHECK_EQ(999, machine.nvmlDeviceGetBrand(machine.gpu, &value));
  CHECK_EQ(15, machine.nvmlDeviceGetAccountingMode(machine.gpu, &value));
  CHECK_EQ(4, table.call(0x6a8, machine.device(0), &value, list.bytes.data()));
}

TEST("event sets come out one by one, and go back once") {
  const Machine machine;
  NvmlEventSet sets[65] = {};
  for (unsigned i = 0; i < 64; ++i) {
    CHECK_EQ(0, machine.nvmlEventSetCreate(&sets[i]));
    CHECK(sets[i] != nullptr && (i == 0 || sets[i] != sets[i - 1]));
  }
  CHECK_EQ(20, machine.nvmlEventSetCreate(&sets[64]));
  CHECK_EQ(0, machine.nvmlEventSetFree(sets[5]));
  CHECK_EQ(2, machine.nvmlEventSetFree(sets[5]));
  CHECK_EQ(2, machine.nvmlEventSetFree(nullptr));
  CHECK_EQ(0, machine.nvmlEventSetCreate(&sets[64]));
  CHECK(sets[64] == sets[5]);
}

TEST("a code has the words of library 535, and a number that it does not know has none") {
  const Machine machine;
  CHECK_EQ(std::string("Success"), machine.nvmlErrorString(0));
  CHECK_EQ(std::string("GPU is lost"), machine.nvmlErrorString(15));
  CHECK_EQ(std::string("System is not in ready state"), machine.nvmlErrorString(27));
  for (const NvmlReturn code : {28, 30, 999, -1, 0x7FFFFFFF}) {
    CHECK_EQ(std::string("Unknown Error"), machine.nvmlErrorString(code));
  }
}

}  // namespace
