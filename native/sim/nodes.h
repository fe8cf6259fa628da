// The simulated machine's answers to layer 0.
#pragma once

#include "driver/nodes.h"

namespace gpuprobe::sim {

extern const driver::NodeSystem kSimulatedNodes;

}  // namespace gpuprobe::sim
