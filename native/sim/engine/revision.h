// One revision of the machine, as this process has loaded it. Calls pin the revision they work on,
// so that one that was replaced goes when the last of them returns; a call that never does keeps
// its revision for good.
#pragma once

#include <atomic>
#include <cstdint>

#include "sim/engine/arena.h"
#include "sim/engine/machine.h"

namespace gpuprobe::sim {

// Used again for a later revision and never given back: a thread may take a pin on one that it has
// just seen replaced, before it notices and lets go.
struct Revision {
  std::atomic<std::uint32_t> pins;
  Scenario scenario;
  Arena arena;     // all that the scenario consists of
  Revision* next;  // in the list that it is on
};

// The functions below are for one thread at a time.

// Reads the segment that `current` names. Null: it is malformed, or it was replaced meanwhile.
Revision* load_revision(int fd, std::uint64_t current);

// After it was replaced, or never put in force. Frees what nobody works on any more.
void retire(Revision* revision);

}  // namespace gpuprobe::sim
