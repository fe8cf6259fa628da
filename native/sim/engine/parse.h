// Scenario text to Scenario.
#pragma once

#include "sim/engine/arena.h"
#include "sim/engine/machine.h"

namespace gpuprobe::sim {

// Reads `length` bytes of `path=value` lines. Writes string terminators into `text`, which must
// stay, as the machines' names point into it; everything else lies in the arena. False: malformed,
// or no memory.
bool parse_scenario(char* text, std::size_t length, Arena* arena, Scenario* out);

}  // namespace gpuprobe::sim
