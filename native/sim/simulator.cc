// The marker that both simulated libraries export.
#include "driver/simulator.h"

#include "sim/engine/machine_view.h"
#include "sim/nodes.h"

namespace gpuprobe::driver {

extern "C" __attribute__((visibility("default"))) const Simulator gpuprobe_simulator;
const Simulator gpuprobe_simulator = {kSimulatorVersion, sim::attach_world, &sim::kSimulatedNodes};

}  // namespace gpuprobe::driver
