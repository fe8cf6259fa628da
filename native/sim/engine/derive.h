// Derived values of a machine, and checks that its values are consistent.
#pragma once

#include "sim/engine/machine.h"

namespace gpuprobe::sim {

// Completes a machine whose text has been read. Returns false if its values contradict each other.
bool derive(Machine* machine);

}  // namespace gpuprobe::sim
