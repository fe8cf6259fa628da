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

// The fields that a scenario says, and their enums, are those of sim/format/fields.def.
#define SCENARIO_LIST(...) __VA_ARGS__
#define SCENARIO_ENUM(name, texts, enumerators, their_texts) \
  enum class name : std::uint32_t { SCENARIO_LIST enumerators };
#include "sim/format/fields.def"
#undef SCENARIO_LIST

#define SCENARIO_MEMBER(path, form, type, member, texts, initial) type member;

// A process that comes and goes is alive from `from_ms` to before `to_ms`, and again every
// `every_ms`; kNull64: never. The memory of one that does neither is part of the device's
// `used_bytes`.
struct Process {
#define PROCESS_FIELD SCENARIO_MEMBER
#include "sim/format/fields.def"
};

struct EncoderSession {
#define ENCODER_SESSION_FIELD SCENARIO_MEMBER
#include "sim/format/fields.def"
};

struct PciAddress {
  std::uint32_t domain;
  std::uint32_t bus;
  std::uint32_t device;
  std::uint32_t function;
};

// What a device is, and what it says of itself while nothing is wrong. A text that is null, a
// number that is all ones, and a group that is absent are things that the model does not have:
// NVML answers NOT_SUPPORTED.
struct Device {
#define DEVICE_FIELD SCENARIO_MEMBER
#include "sim/format/fields.def"
  std::uint32_t session_count;
  std::uint32_t process_count;
  EncoderSession* sessions;
  Process* processes;
  // Derived from what stands above.
  std::uint32_t timed_process_count;
  PciAddress pci;
  unsigned char uuid_bytes[16];
};

// A fault whose effect is none takes its time, and the call carries on.
struct Fault {
#define FAULT_FIELD SCENARIO_MEMBER
#include "sim/format/fields.def"
  std::uint32_t next;  // the following fault of this function, counted from 1; 0 = none
};

struct Machine {
#define MACHINE_FIELD SCENARIO_MEMBER
#include "sim/format/fields.def"
  std::uint32_t device_count;  // the same in all states
  std::uint32_t fault_count;
  Device* devices;
  Fault* faults;
  std::uint32_t first_fault[kFunctionCount];  // counted from 1; 0 = none
};

#undef SCENARIO_MEMBER

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
