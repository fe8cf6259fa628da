// Device memory held by live CUDA contexts, across all processes on the machine.
#pragma once

#include <cstdint>

#include "sim/world.h"

namespace gpuprobe::sim {

enum class Claim { done, in_use, out_of_memory };

// Bytes of `device` held by contexts that are alive. Gives back what dead processes held.
std::uint64_t context_bytes_held(const World& world, std::uint32_t device);

// Bytes of `device` that nobody holds.
std::uint64_t free_bytes(const World& world, std::uint32_t device);

// Takes a context's memory. in_use: `exclusive`, and another context is alive on the device.
Claim claim_context(const World& world, std::uint32_t device, bool exclusive, ContextSlot** slot);

// Takes `bytes` more for a context, or nothing.
bool grow_context(const World& world, std::uint32_t device, ContextSlot* slot, std::uint64_t bytes);
void shrink_context(ContextSlot* slot, std::uint64_t bytes);

void release_context(ContextSlot* slot);

}  // namespace gpuprobe::sim
