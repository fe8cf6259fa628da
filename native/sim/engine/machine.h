// One simulated machine, as its scenario describes it: a sequence of states in scenario time, each
// of them complete. Written once, while a revision of the world is loaded; read without locks by
// every thread afterwards. What programs change while they run is in runtime.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/engine/functions.h"

namespace gpuprobe::sim {

constexpr std::uint32_t kMaxDevices = 64;
constexpr std::uint32_t kMaxProcessesPerDevice = 4096;
constexpr std::uint32_t kMaxSessionsPerDevice = 256;
constexpr std::uint32_t kMaxFaults = 256;
constexpr std::uint32_t kMaxStates = 1000;
constexpr std::size_t kMaxTextBytes = 1024;

constexpr std::uint32_t kNull32 = 0xFFFFFFFFu;
constexpr std::uint64_t kNull64 = 0xFFFFFFFFFFFFFFFFull;

enum class Access : std::uint32_t { granted, revoked, revoked_when_warm };
enum class Readings : std::uint32_t { real, zero, frozen };
enum class Exit : std::uint32_t { clean, deadlock };
enum class Lost : std::uint32_t { no, yes, when_warm };
enum class ProcessKind : std::uint32_t { compute, graphics, mps_compute };

// A process that comes and goes is alive from `from_ms` to before `to_ms`, and again every
// `every_ms`; kNull64: never. The memory of one that does neither is part of the device's
// `used_bytes`.
struct Process {
  std::uint64_t used_bytes;  // kNull64: the driver cannot tell
  std::uint64_t from_ms;
  std::uint64_t to_ms;
  std::uint64_t every_ms;
  std::uint64_t leaves_bytes;  // for good, each time that it ends
  const char* name;
  std::uint32_t pid;
  ProcessKind kind;
};

struct EncoderSession {
  std::uint32_t session_id;
  std::uint32_t pid;
  std::uint32_t codec;
  std::uint32_t width;
  std::uint32_t height;
  std::uint32_t average_fps;
  std::uint32_t average_latency_us;
};

struct PciAddress {
  std::uint32_t domain;
  std::uint32_t bus;
  std::uint32_t device;
  std::uint32_t function;
};

// Errors that ECC counted: corrected, and not.
struct EccCounts {
  std::uint64_t corrected;
  std::uint64_t uncorrected;
};

// What a device is, and what it says of itself while nothing is wrong. A text that is null, a
// number that is all ones, and a group that is absent are things that the model does not have:
// NVML answers NOT_SUPPORTED.
struct Device {
  const char* name;
  const char* uuid;
  const char* pci_bus_id;  // 8-digit domain, as NVML writes it
  const char* serial;
  const char* board_part_number;
  const char* vbios_version;
  std::uint64_t total_bytes;
  std::uint64_t used_bytes;  // allocated, without reserved and without simulated contexts
  std::uint64_t reserved_bytes;
  std::uint64_t context_bytes;
  std::uint64_t leak_bytes_per_context;  // stays allocated when a context ends
  std::uint64_t clock_event_reasons;
  std::uint64_t bar1_total_bytes;
  std::uint64_t bar1_used_bytes;
  std::uint64_t millijoules;  // since the driver was loaded, when the scenario begins
  EccCounts ecc_volatile;
  EccCounts ecc_aggregate;
  std::uint32_t minor;
  std::uint32_t brand;         // nvmlBrandType_t
  std::uint32_t architecture;  // nvmlDeviceArchitecture_t
  std::uint32_t pci_device_id;
  std::uint32_t pci_subsystem_id;
  std::uint32_t compute_capability_major;
  std::uint32_t compute_capability_minor;
  std::uint32_t multiprocessors;
  std::uint32_t gpu_percent;
  std::uint32_t memory_percent;
  std::uint32_t encoder_percent;
  std::uint32_t decoder_percent;
  std::uint32_t celsius;
  std::uint32_t memory_celsius;
  std::uint32_t slowdown_celsius;
  std::uint32_t shutdown_celsius;
  std::uint32_t max_operating_celsius;
  std::uint32_t fan_percent;
  std::uint32_t performance_state;  // 0 is P0
  std::uint32_t milliwatts;
  std::uint32_t limit_milliwatts;
  std::uint32_t default_limit_milliwatts;
  std::uint32_t min_limit_milliwatts;
  std::uint32_t max_limit_milliwatts;
  std::uint32_t sm_megahertz;
  std::uint32_t memory_megahertz;
  std::uint32_t video_megahertz;
  std::uint32_t max_sm_megahertz;
  std::uint32_t max_memory_megahertz;
  std::uint32_t max_video_megahertz;
  std::uint32_t compute_mode;
  std::uint32_t persistence_mode;
  std::uint32_t mig_mode;
  std::uint32_t ecc_absent;
  std::uint32_t ecc_mode;
  std::uint32_t ecc_mode_pending;
  std::uint32_t remapped_rows_absent;
  std::uint32_t rows_correctable;
  std::uint32_t rows_uncorrectable;
  std::uint32_t rows_pending;
  std::uint32_t rows_failure;
  std::uint32_t retired_pages_absent;
  std::uint32_t retired_single_bit;
  std::uint32_t retired_double_bit;
  std::uint32_t retired_pending;
  std::uint32_t recovery_action;  // NVML_FI_DEV_GET_GPU_RECOVERY_ACTION
  std::uint32_t pcie_generation;
  std::uint32_t pcie_max_generation;
  std::uint32_t pcie_width;
  std::uint32_t pcie_max_width;
  std::uint32_t pcie_replay_count;
  std::uint32_t pcie_tx_kilobytes;  // per second
  std::uint32_t pcie_rx_kilobytes;
  Lost lost;
  std::uint32_t asleep;  // by runtime power management
  std::uint32_t xid;     // the last that the driver reported; kNull32: none
  std::uint32_t encoder_absent;
  std::uint32_t encoder_average_fps;
  std::uint32_t encoder_average_latency_us;
  std::uint32_t session_count;
  std::uint32_t process_count;
  EncoderSession* sessions;
  Process* processes;
  // Derived from what stands above.
  std::uint32_t timed_process_count;
  PciAddress pci;
  unsigned char uuid_bytes[16];
};

// What a call that a fault strikes does.
enum class Effect : std::uint32_t {
  none,          // takes its time, and carries on
  give_back,     // returns a code
  hang,          // waits for a lock that is never released
  busy_loop,     // spins, holding what a call that hangs holds
  segv,          //
  abort,         //
  exit,          // exit() from inside the library
  garbage,       // succeeds, and every byte that it writes is random
  unterminated,  // succeeds, and no text that it writes ends
  absurd_count,  // succeeds, and says that there is more than there can be
};

struct Fault {
  Function function;
  std::uint32_t device;      // kNull32: any
  std::uint32_t generation;  // another than of the fault that was at its place of the list before
  Effect effect;
  std::int32_t code;  // what is returned, or the status of the exit
  std::uint32_t delay_ms;
  std::uint64_t from_call;  // counted from 1, over all processes
  std::uint64_t calls;      // kNull64: all from there on
  std::uint64_t from_ms;    // scenario time
  std::uint64_t to_ms;
  std::uint64_t seed;
  std::uint32_t probability_ppm;
  std::uint32_t next;  // the following fault of this function, counted from 1; 0 = none
};

struct Machine {
  std::uint32_t format;
  std::uint32_t driver_absent;
  const char* driver_version;
  const char* nvml_version;
  std::uint32_t cuda_version;
  Access access;
  Readings readings;
  Exit exit;
  std::uint64_t readings_frozen_at_ms;
  std::uint32_t device_count;  // the same in all states
  std::uint32_t fault_count;
  Device* devices;
  Fault* faults;
  std::uint32_t first_fault[kFunctionCount];  // counted from 1; 0 = none
};

struct State {
  std::uint64_t from_ms;  // scenario time
  Machine machine;
};

// In order of time; the first is from 0 on.
struct Scenario {
  const State* states;
  std::uint32_t state_count;
};

// The machine in force at this scenario time.
inline const Machine& machine_at(const Scenario& scenario, std::uint64_t ms) {
  std::uint32_t last = scenario.state_count - 1;
  while (scenario.states[last].from_ms > ms) --last;
  return scenario.states[last].machine;
}

}  // namespace gpuprobe::sim
