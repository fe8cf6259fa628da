// What follows from the values of a machine, and whether they go together.
#pragma once

#include "sim/engine/machine.h"

namespace gpuprobe::sim {

// Completes a machine whose text has been read. False: its values contradict one another.
bool derive(Machine* machine);

}  // namespace gpuprobe::sim
