// Who holds a context slot. An owner is one word, so that claiming a slot and giving it back are
// one compare-and-swap each, and a process killed half-way leaves nothing behind that cannot be
// told.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace gpuprobe::sim {

enum class SlotState : std::uint32_t { free, claiming, live };

struct Owner {
  pid_t pid;
  std::uint64_t start;     // in clock ticks, cut short: tells a reused pid
  std::uint32_t sequence;  // of the context, in this slot
  SlotState state;
};

std::uint64_t pack(const Owner& owner);
Owner unpack(std::uint64_t word);

// This process, as owner of a slot that it is claiming.
Owner this_process(std::uint32_t sequence);

// The driver frees a process's memory when it ends, not when its parent collects it: a zombie is
// dead.
bool is_alive(const Owner& owner);

}  // namespace gpuprobe::sim
