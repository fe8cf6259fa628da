// How the simulated driver makes itself known. The simulator exports this symbol beside NVML's and
// CUDA's; the loader looks for it in whatever library it opened, so a report is stamped `simulated`
// however the library came to be loaded.
//
// A simulated machine is a world (sim/format/machine_file.h). gpuprobe's own processes are given
// its descriptor; a program that is started on the simulated driver finds its path in the
// environment.
#pragma once

#include "driver/nodes.h"

namespace gpuprobe::driver {

// `gpuprobe_simulator`: present in a simulated library, absent from NVIDIA's.
struct Simulator {
  unsigned version;  // kSimulatorVersion
  // Puts this process on the machine. 0, or an errno: EINVAL for a malformed world. Idempotent for
  // the same world. The descriptor stays the caller's.
  int (*attach)(int world_fd);
  // Answers for the machine's device nodes and /proc, as the kernel would to a fresh open.
  const NodeSystem* nodes;
};
constexpr unsigned kSimulatorVersion = 2;
constexpr const char* kSimulatorSymbol = "gpuprobe_simulator";

// For programs started on the simulated driver: the path of their world, as a rule
// /proc/PID/fd/N of the process that started them. A path that leads to no world is a machine
// without a driver.
constexpr const char* kWorldVariable = "GPUPROBE_SIM_WORLD";

}  // namespace gpuprobe::driver
