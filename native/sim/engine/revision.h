// One revision of the machine, as this process has loaded it. Calls pin the revision they work on,
// so that a replaced one is freed when its last call returns. A call that never returns keeps its
// revision for ever.
#pragma once

#include <atomic>
#include <cstdint>

#include "sim/engine/arena.h"
#include "sim/engine/machine.h"

namespace gpuprobe::sim {

// Reused for a later revision and never freed: a thread may pin one that was just replaced, before
// it notices and unpins it.
struct Revision {
  std::atomic<std::uint32_t> pins;
  Scenario scenario;
  Arena arena;     // all memory of the scenario
  Revision* next;  // in its list
};

// Only one thread at a time may call the functions below.

// Reads the segment that `current` names. Returns null if it is malformed or was replaced
// meanwhile.
Revision* load_revision(int fd, std::uint64_t current);

// Retires a revision that was replaced or never in force. Frees those that no call uses any longer.
void retire(Revision* revision);

}  // namespace gpuprobe::sim
