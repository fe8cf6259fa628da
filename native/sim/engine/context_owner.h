// Who holds a context slot. An owner is one word, so that claiming and releasing a slot are one
// compare-and-swap each, and a process killed half-way leaves no ambiguous state.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace gpuprobe::sim {

enum class SlotState : std::uint32_t { free, claiming, live };

struct Owner {
  pid_t pid;
  std::uint64_t start;     // in clock ticks, truncated; detects a reused pid
  std::uint32_t sequence;  // of the context, in this slot
  SlotState state;
};

std::uint64_t pack(const Owner& owner);
Owner unpack(std::uint64_t word);

// Returns this process as the owner of a slot that it is claiming.
Owner this_process(std::uint32_t sequence);

// Returns true if the owner is alive. The driver frees a process's memory when the process exits,
// not when it is reaped: a zombie counts as dead.
bool is_alive(const Owner& owner);

}  // namespace gpuprobe::sim
