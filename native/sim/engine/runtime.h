// What the processes on one simulated machine share: the part of the world that follows its header,
// zero at creation. A process may be killed at any instruction, so there are no locks here: each
// state change is one atomic operation on one word.
#pragma once

#include <atomic>
#include <cstdint>

#include "sim/engine/machine.h"
#include "sim/format/machine_file.h"

namespace gpuprobe::sim {

constexpr std::uint32_t kContextsPerDevice = 256;

// A place for one live CUDA context on a device, and what those that were there before it left
// behind. contexts.cc packs `owner` and says which of each pair counts.
struct ContextSlot {
  std::atomic<std::uint64_t> owner;
  std::atomic<std::uint64_t> held_bytes;
  std::atomic<std::uint64_t> left_bytes[2];
  std::atomic<std::uint64_t> leaves_bytes[2];
};

struct Runtime {
  std::atomic<std::uint64_t> nvml_opened;  // bit per device, by any process
  std::atomic<std::uint64_t> cuda_opened;
  std::atomic<std::uint32_t> warm;  // 1 from the moment that both have opened every device
  std::atomic<std::uint32_t> reserved;
  std::atomic<std::uint64_t> fault_calls[kMaxFaults];    // by place in the list; faults.cc packs it
  std::atomic<std::uint32_t> slots_in_use[kMaxDevices];  // no slot at or above was ever claimed
  ContextSlot slots[kMaxDevices][kContextsPerDevice];
};

static_assert(kWorldPageBytes + sizeof(Runtime) <= kWorldSharedBytes);
// An atomic that needs a lock would keep it in the process, and exclude nobody else.
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace gpuprobe::sim
