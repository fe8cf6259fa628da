// Device memory held by live CUDA contexts, across all processes on the machine, and what those
// that have ended left behind.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sim/engine/machine_view.h"

namespace gpuprobe::sim {

enum class Claim { done, in_use, out_of_memory };

struct Holdings {
  std::uint64_t held_bytes;  // by contexts that are alive
  std::uint64_t left_bytes;  // by contexts that were: nobody gives them back
  std::uint32_t contexts;    // alive
};

// Gives back what dead processes held.
Holdings count_holdings(const MachineView& world, std::uint32_t device);

struct ContextOwner {
  pid_t pid;
  std::uint64_t bytes;
};

// The processes that have contexts alive on the device, each once. Room for kContextsPerDevice.
std::uint32_t list_owners(const MachineView& world, std::uint32_t device, ContextOwner* out);

// Bytes of `device` that are in use now, by whomever: at most what there is.
std::uint64_t bytes_in_use(const MachineView& world, std::uint32_t device);

// Bytes of `device` that nobody holds.
std::uint64_t free_bytes(const MachineView& world, std::uint32_t device);

// Takes a context's memory. in_use: `exclusive`, and another context is alive on the device.
Claim claim_context(const MachineView& world, std::uint32_t device, bool exclusive,
                    ContextSlot** slot);

// Takes `bytes` more for a context, or nothing.
bool grow_context(const MachineView& world, std::uint32_t device, ContextSlot* slot,
                  std::uint64_t bytes);
void shrink_context(ContextSlot* slot, std::uint64_t bytes);

void release_context(ContextSlot* slot);

}  // namespace gpuprobe::sim
