// How the simulated driver makes itself known. The simulator exports these two symbols beside
// NVML's and CUDA's; the loader looks for them in whatever library it opened, so a report is
// stamped `simulated` however the library came to be loaded.
//
// A simulated machine is a "world": a memfd whose first kWorldRuntimeBytes belong to the simulator
// (counters and locks shared by every process on that machine, zero at creation) and whose rest is
// the scenario as `path=value` lines. The creator writes it once; each process attaches by
// descriptor.
#pragma once

#include <cstddef>

#include "driver/nodes.h"

namespace gpuprobe::driver {

constexpr std::size_t kWorldRuntimeBytes = std::size_t{64} * 1024;

// `gpuprobe_simulator`: present in a simulated library, absent from NVIDIA's.
struct Simulator {
  unsigned version;  // kSimulatorVersion
  // Maps the world. 0, or an errno: EINVAL for a malformed world. Idempotent for the same world.
  int (*attach)(int world_fd);
  // Answers for the machine's device nodes and /proc, as the kernel would to a fresh open.
  const NodeSystem* nodes;
};
constexpr unsigned kSimulatorVersion = 1;
constexpr const char* kSimulatorSymbol = "gpuprobe_simulator";

// For programs started on the simulated driver: the descriptor number of the world they inherit.
constexpr const char* kWorldVariable = "GPUPROBE_SIM_WORLD_FD";

}  // namespace gpuprobe::driver
