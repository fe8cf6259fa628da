// What the processes on one simulated machine share: the part of the world after its header, zero
// at creation. A process may be killed at any instruction, so there are no locks: each state change
// is one atomic operation on one word.
#pragma once

#include <atomic>
#include <cstdint>

#include "sim/engine/machine.h"
#include "sim/format/machine_file.h"

namespace gpuprobe::sim {

constexpr std::uint32_t kContextsPerDevice = 256;

// A place for one live CUDA context on a device, and what earlier contexts there left behind.
// contexts.cc packs `owner` and explains which element of each pair counts.
struct ContextSlot {
  std::atomic<std::uint64_t> owner;
  std::atomic<std::uint64_t> held_bytes;
  std::atomic<std::uint64_t> left_bytes[2];
  std::atomic<std::uint64_t> leaves_bytes[2];
};

struct Runtime {
  std::atomic<std::uint64_t> nvml_opened;  // bit per device, by any process
  std::atomic<std::uint64_t> cuda_opened;
  std::atomic<std::uint32_t> warm;  // 1 once both have opened every device
  std::atomic<std::uint32_t> reserved;
  std::atomic<std::uint64_t> fault_calls[kMaxFaults];    // by index in the list; faults.cc packs it
  std::atomic<std::uint32_t> slots_in_use[kMaxDevices];  // no slot with this index or above was
                                                         // ever claimed
  ContextSlot slots[kMaxDevices][kContextsPerDevice];
};

static_assert(kWorldPageBytes + sizeof(Runtime) <= kWorldSharedBytes);
// An atomic with a lock would keep the lock in its own process and exclude no other process.
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace gpuprobe::sim
