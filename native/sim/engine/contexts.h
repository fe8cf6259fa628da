// Device memory held by live CUDA contexts, across all processes on the machine, and what ended
// contexts left behind.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sim/engine/machine_view.h"

namespace gpuprobe::sim {

enum class Claim { done, in_use, out_of_memory };

struct Holdings {
  std::uint64_t held_bytes;  // by live contexts
  std::uint64_t left_bytes;  // by ended contexts; never freed
  std::uint32_t contexts;    // live contexts
};

// Counts the holdings of a device. Frees what dead processes held.
Holdings count_holdings(const MachineView& world, std::uint32_t device);

struct ContextOwner {
  pid_t pid;
  std::uint64_t bytes;
};

// Lists the processes with live contexts on the device, each once. `out` has room for
// kContextsPerDevice.
std::uint32_t list_owners(const MachineView& world, std::uint32_t device, ContextOwner* out);

// Returns the bytes of `device` that are in use now, by any holder; at most its capacity.
std::uint64_t bytes_in_use(const MachineView& world, std::uint32_t device);

// Returns the bytes of `device` that nobody holds.
std::uint64_t free_bytes(const MachineView& world, std::uint32_t device);

// Claims a context's memory. Returns in_use if `exclusive` and another context is live on the
// device.
Claim claim_context(const MachineView& world, std::uint32_t device, bool exclusive,
                    ContextSlot** slot);

// Takes `bytes` more for a context. Takes nothing and returns false if they do not fit.
bool grow_context(const MachineView& world, std::uint32_t device, ContextSlot* slot,
                  std::uint64_t bytes);
void shrink_context(ContextSlot* slot, std::uint64_t bytes);

void release_context(ContextSlot* slot);

}  // namespace gpuprobe::sim
