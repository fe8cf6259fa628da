// What the processes on one simulated machine share: the first kWorldRuntimeBytes of the world,
// zero at creation. A process may be killed at any instruction, so there are no locks here: each
// state change is one atomic operation on one word.
#pragma once

#include <atomic>
#include <cstdint>

#include "driver/simulator.h"

namespace gpuprobe::sim {

constexpr std::uint32_t kContextSlots = 1024;

// A live CUDA context of some process. `owner` is 0 when the slot is free; contexts.cc packs it.
struct ContextSlot {
  std::atomic<std::uint64_t> owner;
  std::atomic<std::uint64_t> allocated_bytes;
};

struct Runtime {
  std::atomic<std::uint64_t> nvml_opened;  // bit per device, by any process
  std::atomic<std::uint64_t> cuda_opened;
  std::atomic<std::uint32_t> warm;          // 1 from the moment that both have opened every device
  std::atomic<std::uint32_t> slots_in_use;  // no slot at or above this was ever claimed
  ContextSlot slots[kContextSlots];
};

static_assert(sizeof(Runtime) <= driver::kWorldRuntimeBytes);
// An atomic that needs a lock would keep it in the process, and exclude nobody else.
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace gpuprobe::sim
