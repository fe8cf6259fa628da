// Which path of the flat text goes into which field of the machine.
#pragma once

#include "sim/engine/fields.h"
#include "sim/engine/machine.h"

namespace gpuprobe::sim {

constexpr const char* kBooleans[] = {"false", "true", nullptr};
constexpr const char* kAccess[] = {"granted", "revoked", "revoked-when-warm", nullptr};
constexpr const char* kReadings[] = {"real", "zero", "frozen", nullptr};
constexpr const char* kExits[] = {"clean", "deadlock", nullptr};
constexpr const char* kLost[] = {"false", "true", "when-warm", nullptr};
constexpr const char* kProcessKinds[] = {"compute", "graphics", "mps-compute", nullptr};
constexpr const char* kEffects[] = {"none",         "return",       "hang", "busy-loop",
                                    "segv",         "abort",        "exit", "garbage",
                                    "unterminated", "absurd-count", nullptr};
constexpr const char* kFunctions[] = {
#define NVML_SYMBOL(need, since, name, parameters) #name,
#include "driver/nvml_symbols.def"
#include "sim/nvml/extra_symbols.def"
#undef NVML_SYMBOL
#define CUDA_SYMBOL(need, since, name, parameters) #name,
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
    nullptr};

constexpr FieldRow kMachineRows[] = {
    {"format", FieldType::u32, offsetof(Machine, format), nullptr},
    {"driver", FieldType::absent, offsetof(Machine, driver_absent), nullptr},
    {"driver.version", FieldType::text, offsetof(Machine, driver_version), nullptr},
    {"driver.nvmlVersion", FieldType::text, offsetof(Machine, nvml_version), nullptr},
    {"driver.cudaVersion", FieldType::u32, offsetof(Machine, cuda_version), nullptr},
    {"access", FieldType::choice, offsetof(Machine, access), kAccess},
    {"readings", FieldType::choice, offsetof(Machine, readings), kReadings},
    {"readingsFrozenAtMs", FieldType::u64, offsetof(Machine, readings_frozen_at_ms), nullptr},
    {"exit", FieldType::choice, offsetof(Machine, exit), kExits},
};

constexpr FieldRow kDeviceRows[] = {
    {"name", FieldType::text, offsetof(Device, name), nullptr},
    {"uuid", FieldType::text, offsetof(Device, uuid), nullptr},
    {"pciBusId", FieldType::text, offsetof(Device, pci_bus_id), nullptr},
    {"minor", FieldType::u32, offsetof(Device, minor), nullptr},
    {"memory.totalBytes", FieldType::u64, offsetof(Device, total_bytes), nullptr},
    {"memory.usedBytes", FieldType::u64, offsetof(Device, used_bytes), nullptr},
    {"memory.reservedBytes", FieldType::u64, offsetof(Device, reserved_bytes), nullptr},
    {"serial", FieldType::text_or_null, offsetof(Device, serial), nullptr},
    {"boardPartNumber", FieldType::text_or_null, offsetof(Device, board_part_number), nullptr},
    {"vbiosVersion", FieldType::text_or_null, offsetof(Device, vbios_version), nullptr},
    {"brand", FieldType::u32, offsetof(Device, brand), nullptr},
    {"architecture", FieldType::u32, offsetof(Device, architecture), nullptr},
    {"pci.deviceId", FieldType::u32, offsetof(Device, pci_device_id), nullptr},
    {"pci.subsystemId", FieldType::u32, offsetof(Device, pci_subsystem_id), nullptr},
    {"computeCapability.major", FieldType::u32, offsetof(Device, compute_capability_major),
     nullptr},
    {"computeCapability.minor", FieldType::u32, offsetof(Device, compute_capability_minor),
     nullptr},
    {"multiprocessors", FieldType::u32, offsetof(Device, multiprocessors), nullptr},
    {"bar1.totalBytes", FieldType::u64, offsetof(Device, bar1_total_bytes), nullptr},
    {"bar1.usedBytes", FieldType::u64, offsetof(Device, bar1_used_bytes), nullptr},
    {"utilizationPercent.gpu", FieldType::u32, offsetof(Device, gpu_percent), nullptr},
    {"utilizationPercent.memory", FieldType::u32, offsetof(Device, memory_percent), nullptr},
    {"utilizationPercent.encoder", FieldType::u32, offsetof(Device, encoder_percent), nullptr},
    {"utilizationPercent.decoder", FieldType::u32, offsetof(Device, decoder_percent), nullptr},
    {"temperatureCelsius", FieldType::u32, offsetof(Device, celsius), nullptr},
    {"memoryTemperatureCelsius", FieldType::u32_or_null, offsetof(Device, memory_celsius), nullptr},
    {"temperatureLimits.slowdownCelsius", FieldType::u32_or_null,
     offsetof(Device, slowdown_celsius), nullptr},
    {"temperatureLimits.shutdownCelsius", FieldType::u32_or_null,
     offsetof(Device, shutdown_celsius), nullptr},
    {"temperatureLimits.maxOperatingCelsius", FieldType::u32_or_null,
     offsetof(Device, max_operating_celsius), nullptr},
    {"fanPercent", FieldType::u32_or_null, offsetof(Device, fan_percent), nullptr},
    {"performanceState", FieldType::u32, offsetof(Device, performance_state), nullptr},
    {"powerMilliwatts", FieldType::u32, offsetof(Device, milliwatts), nullptr},
    {"powerLimitMilliwatts", FieldType::u32, offsetof(Device, limit_milliwatts), nullptr},
    {"powerLimits.defaultMilliwatts", FieldType::u32, offsetof(Device, default_limit_milliwatts),
     nullptr},
    {"powerLimits.minMilliwatts", FieldType::u32, offsetof(Device, min_limit_milliwatts), nullptr},
    {"powerLimits.maxMilliwatts", FieldType::u32, offsetof(Device, max_limit_milliwatts), nullptr},
    {"energyMillijoules", FieldType::u64_or_null, offsetof(Device, millijoules), nullptr},
    {"clocks.smMegahertz", FieldType::u32, offsetof(Device, sm_megahertz), nullptr},
    {"clocks.memoryMegahertz", FieldType::u32, offsetof(Device, memory_megahertz), nullptr},
    {"clocks.videoMegahertz", FieldType::u32, offsetof(Device, video_megahertz), nullptr},
    {"maxClocks.smMegahertz", FieldType::u32, offsetof(Device, max_sm_megahertz), nullptr},
    {"maxClocks.memoryMegahertz", FieldType::u32, offsetof(Device, max_memory_megahertz), nullptr},
    {"maxClocks.videoMegahertz", FieldType::u32, offsetof(Device, max_video_megahertz), nullptr},
    {"clockEventReasons", FieldType::u64, offsetof(Device, clock_event_reasons), nullptr},
    {"computeMode", FieldType::u32, offsetof(Device, compute_mode), nullptr},
    {"persistenceMode", FieldType::u32, offsetof(Device, persistence_mode), nullptr},
    {"migMode", FieldType::u32_or_null, offsetof(Device, mig_mode), nullptr},
    {"ecc", FieldType::absent, offsetof(Device, ecc_absent), nullptr},
    {"ecc.enabled", FieldType::choice, offsetof(Device, ecc_mode), kBooleans},
    {"ecc.pending", FieldType::choice, offsetof(Device, ecc_mode_pending), kBooleans},
    {"ecc.volatile.corrected", FieldType::u64, offsetof(Device, ecc_volatile.corrected), nullptr},
    {"ecc.volatile.uncorrected", FieldType::u64, offsetof(Device, ecc_volatile.uncorrected),
     nullptr},
    {"ecc.aggregate.corrected", FieldType::u64, offsetof(Device, ecc_aggregate.corrected), nullptr},
    {"ecc.aggregate.uncorrected", FieldType::u64, offsetof(Device, ecc_aggregate.uncorrected),
     nullptr},
    {"remappedRows", FieldType::absent, offsetof(Device, remapped_rows_absent), nullptr},
    {"remappedRows.correctable", FieldType::u32, offsetof(Device, rows_correctable), nullptr},
    {"remappedRows.uncorrectable", FieldType::u32, offsetof(Device, rows_uncorrectable), nullptr},
    {"remappedRows.pending", FieldType::choice, offsetof(Device, rows_pending), kBooleans},
    {"remappedRows.failure", FieldType::choice, offsetof(Device, rows_failure), kBooleans},
    {"retiredPages", FieldType::absent, offsetof(Device, retired_pages_absent), nullptr},
    {"retiredPages.singleBit", FieldType::u32, offsetof(Device, retired_single_bit), nullptr},
    {"retiredPages.doubleBit", FieldType::u32, offsetof(Device, retired_double_bit), nullptr},
    {"retiredPages.pending", FieldType::choice, offsetof(Device, retired_pending), kBooleans},
    {"recoveryAction", FieldType::u32_or_null, offsetof(Device, recovery_action), nullptr},
    {"pcie.generation", FieldType::u32, offsetof(Device, pcie_generation), nullptr},
    {"pcie.maxGeneration", FieldType::u32, offsetof(Device, pcie_max_generation), nullptr},
    {"pcie.width", FieldType::u32, offsetof(Device, pcie_width), nullptr},
    {"pcie.maxWidth", FieldType::u32, offsetof(Device, pcie_max_width), nullptr},
    {"pcie.replayCount", FieldType::u32, offsetof(Device, pcie_replay_count), nullptr},
    {"pcie.txKilobytesPerSecond", FieldType::u32, offsetof(Device, pcie_tx_kilobytes), nullptr},
    {"pcie.rxKilobytesPerSecond", FieldType::u32, offsetof(Device, pcie_rx_kilobytes), nullptr},
    {"lost", FieldType::choice, offsetof(Device, lost), kLost},
    {"asleep", FieldType::choice, offsetof(Device, asleep), kBooleans},
    {"xid", FieldType::u32_or_null, offsetof(Device, xid), nullptr},
    {"contextBytes", FieldType::u64, offsetof(Device, context_bytes), nullptr},
    {"leakBytesPerContext", FieldType::u64, offsetof(Device, leak_bytes_per_context), nullptr},
    {"encoder", FieldType::absent, offsetof(Device, encoder_absent), nullptr},
    {"encoder.averageFps", FieldType::u32, offsetof(Device, encoder_average_fps), nullptr},
    {"encoder.averageLatencyUs", FieldType::u32, offsetof(Device, encoder_average_latency_us),
     nullptr},
};

constexpr FieldRow kSessionRows[] = {
    {"sessionId", FieldType::u32, offsetof(EncoderSession, session_id), nullptr},
    {"pid", FieldType::u32, offsetof(EncoderSession, pid), nullptr},
    {"codec", FieldType::u32, offsetof(EncoderSession, codec), nullptr},
    {"width", FieldType::u32, offsetof(EncoderSession, width), nullptr},
    {"height", FieldType::u32, offsetof(EncoderSession, height), nullptr},
    {"averageFps", FieldType::u32, offsetof(EncoderSession, average_fps), nullptr},
    {"averageLatencyUs", FieldType::u32, offsetof(EncoderSession, average_latency_us), nullptr},
};

constexpr FieldRow kProcessRows[] = {
    {"pid", FieldType::u32, offsetof(Process, pid), nullptr},
    {"kind", FieldType::choice, offsetof(Process, kind), kProcessKinds},
    {"usedBytes", FieldType::u64_or_null, offsetof(Process, used_bytes), nullptr},
    {"name", FieldType::text, offsetof(Process, name), nullptr},
    {"fromMs", FieldType::u64, offsetof(Process, from_ms), nullptr},
    {"toMs", FieldType::u64_or_null, offsetof(Process, to_ms), nullptr},
    {"everyMs", FieldType::u64_or_null, offsetof(Process, every_ms), nullptr},
    {"leavesBytes", FieldType::u64, offsetof(Process, leaves_bytes), nullptr},
};

constexpr FieldRow kFaultRows[] = {
    {"function", FieldType::choice, offsetof(Fault, function), kFunctions},
    {"device", FieldType::u32_or_null, offsetof(Fault, device), nullptr},
    {"generation", FieldType::u32, offsetof(Fault, generation), nullptr},
    {"effect", FieldType::choice, offsetof(Fault, effect), kEffects},
    {"code", FieldType::i32, offsetof(Fault, code), nullptr},
    {"delayMs", FieldType::u32, offsetof(Fault, delay_ms), nullptr},
    {"fromCall", FieldType::u64, offsetof(Fault, from_call), nullptr},
    {"calls", FieldType::u64_or_null, offsetof(Fault, calls), nullptr},
    {"fromMs", FieldType::u64, offsetof(Fault, from_ms), nullptr},
    {"toMs", FieldType::u64_or_null, offsetof(Fault, to_ms), nullptr},
    {"probabilityPpm", FieldType::u32, offsetof(Fault, probability_ppm), nullptr},
    {"seed", FieldType::u64, offsetof(Fault, seed), nullptr},
};

}  // namespace gpuprobe::sim
