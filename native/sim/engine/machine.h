// One simulated machine, as its scenario describes it: a sequence of complete states in scenario
// time. Written once, while a revision of the world is loaded; then read without locks by every
// thread. State that programs change while they run is in runtime.h.
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

// The scenario's fields and their enums are in sim/format/fields.def.
#define SCENARIO_LIST(...) __VA_ARGS__
#define SCENARIO_ENUM(name, texts, enumerators, their_texts) \
  enum class name : std::uint32_t { SCENARIO_LIST enumerators };
#include "sim/format/fields.def"
#undef SCENARIO_LIST

#define SCENARIO_MEMBER(path, form, type, member, texts, initial) type member;

// A process with times is alive from `from_ms` until before `to_ms`, and again every `every_ms`;
// kNull64 means never. The memory of a process without times is part of the device's `used_bytes`.
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

// What a device is, and what it reports while nothing is wrong. A null text, a number of all ones
// and an absent group mean that the model lacks the feature: NVML answers NOT_SUPPORTED.
struct Device {
#define DEVICE_FIELD SCENARIO_MEMBER
#include "sim/format/fields.def"
  std::uint32_t session_count;
  std::uint32_t process_count;
  EncoderSession* sessions;
  Process* processes;
  // Derived from the fields above.
  std::uint32_t timed_process_count;
  PciAddress pci;
  unsigned char uuid_bytes[16];
};

// A fault with effect `none` only delays; the call continues.
struct Fault {
#define FAULT_FIELD SCENARIO_MEMBER
#include "sim/format/fields.def"
  std::uint32_t next;  // index + 1 of this function's next fault; 0 = none
};

struct Machine {
#define MACHINE_FIELD SCENARIO_MEMBER
#include "sim/format/fields.def"
  std::uint32_t device_count;  // the same in all states
  std::uint32_t fault_count;
  Device* devices;
  Fault* faults;
  std::uint32_t first_fault[kFunctionCount];  // index + 1; 0 = none
};

#undef SCENARIO_MEMBER

struct State {
  std::uint64_t from_ms;  // scenario time
  Machine machine;
};

// In order of time; the first starts at 0.
struct Scenario {
  const State* states;
  std::uint32_t state_count;
};

// Returns the machine in force at this scenario time.
inline const Machine& machine_at(const Scenario& scenario, std::uint64_t ms) {
  std::uint32_t last = scenario.state_count - 1;
  while (scenario.states[last].from_ms > ms) --last;
  return scenario.states[last].machine;
}

}  // namespace gpuprobe::sim
