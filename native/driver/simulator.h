// How a simulated driver identifies itself. The simulator exports this symbol next to NVML's and
// CUDA's. The loader looks for it in every library it opens, so a report is marked `simulated`
// however the library was loaded.
//
// A simulated machine is a world (sim/format/machine_file.h). gpuprobe's own processes get its
// descriptor; a program that is started on the simulated driver finds its path in the environment.
#pragma once

#include "driver/nodes.h"

namespace gpuprobe::driver {

// `gpuprobe_simulator`: present in a simulated library, absent in NVIDIA's.
struct Simulator {
  unsigned version;  // kSimulatorVersion
  // Attaches this process to the machine. Returns 0, or an errno: EINVAL for a malformed world.
  // Idempotent for the same world. The caller keeps ownership of the descriptor.
  int (*attach)(int world_fd);
  // Answers for the machine's device nodes and /proc, as the kernel would to a new open.
  const NodeSystem* nodes;
};
constexpr unsigned kSimulatorVersion = 2;
constexpr const char* kSimulatorSymbol = "gpuprobe_simulator";

// For programs started on the simulated driver: the path of their world, usually /proc/PID/fd/N of
// the process that started them. If the path leads to no world, the machine has no driver.
constexpr const char* kWorldVariable = "GPUPROBE_SIM_WORLD";

}  // namespace gpuprobe::driver
