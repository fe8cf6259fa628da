// Processes that start and end in scenario time, and their effect on a device.
#pragma once

#include "sim/engine/machine.h"

namespace gpuprobe::sim {

// Returns true if the process has times; otherwise it exists as long as its state.
bool is_timed(const Process& process);

bool exists(const Process& process, std::uint64_t ms);

// A session exists as long as its process.
bool exists(const Device& device, const EncoderSession& session, std::uint64_t ms);

// Returns how many bytes of the device's memory the scenario uses at this time: what is always in
// use, what timed processes hold, and what ended ones left. At most the capacity.
std::uint64_t scenario_bytes(const Device& device, std::uint64_t ms);

// Returns the device memory that can be allocated.
inline std::uint64_t capacity(const Device& device) {
  return device.total_bytes - device.reserved_bytes;
}

// Returns `a` + `b`, at most `limit`; `a` must not exceed `limit`.
inline std::uint64_t add_up_to(std::uint64_t limit, std::uint64_t a, std::uint64_t b) {
  return b > limit - a ? limit : a + b;
}

}  // namespace gpuprobe::sim
