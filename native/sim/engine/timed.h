// Processes that come and go with scenario time, and what they do to a device.
#pragma once

#include "sim/engine/machine.h"

namespace gpuprobe::sim {

// It has a time; else it is there as long as its state is.
bool is_timed(const Process& process);

bool exists(const Process& process, std::uint64_t ms);

// A session goes with its process.
bool exists(const Device& device, const EncoderSession& session, std::uint64_t ms);

// Bytes of the device's memory that the scenario says are in use at this time: what is always
// there, what timed processes hold, and what those that have ended left. At most what there is.
std::uint64_t scenario_bytes(const Device& device, std::uint64_t ms);

// Device memory that can be allocated at all.
inline std::uint64_t capacity(const Device& device) {
  return device.total_bytes - device.reserved_bytes;
}

// `a` + `b`, at most `limit`; `a` is at most that.
inline std::uint64_t add_up_to(std::uint64_t limit, std::uint64_t a, std::uint64_t b) {
  return b > limit - a ? limit : a + b;
}

}  // namespace gpuprobe::sim
