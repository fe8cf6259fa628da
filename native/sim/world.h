// The simulated machine that this process is on.
#pragma once

#include "sim/machine.h"
#include "sim/runtime.h"

namespace gpuprobe::sim {

struct World {
  const Machine* machine;
  Runtime* runtime;
};

// Maps the world behind a descriptor, which stays the caller's. 0; EINVAL for a malformed world;
// EBUSY when this process is already on another machine: a process does not change machines; or the
// errno of the system call that failed.
int attach_world(int fd);

// The world attached, or else the one that the environment names; null when there is neither.
const World* find_world();

// The world attached. Only for callers that know there is one: they hold something opened in it.
const World& attached_world();

}  // namespace gpuprobe::sim
