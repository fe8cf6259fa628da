// Parses scenario text into a Scenario.
#pragma once

#include "sim/engine/arena.h"
#include "sim/engine/machine.h"

namespace gpuprobe::sim {

// Reads `length` bytes of `path=value` lines. Writes string terminators into `text`, which must
// stay alive because the machines' names point into it; everything else is in the arena. Returns
// false if the text is malformed or memory runs out.
bool parse_scenario(char* text, std::size_t length, Arena* arena, Scenario* out);

}  // namespace gpuprobe::sim
