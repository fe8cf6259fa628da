// Sets up the process that calls: the warden, or a child of its after the fork.
#pragma once

#include <sys/types.h>

namespace gpuprobe::warden {

// `signal` when the parent ends, and leave at once if it already has. The parent is the thread that
// forked: the warden has one thread, and the service starts the warden from one that lives as long
// as it does.
void die_with_parent(pid_t parent, int signal);

// Moves a descriptor to a fixed number, without close-on-exec being of interest: children never
// exec.
void move_descriptor(int from, int to);
void close_descriptors_from(int first);

// Under memory pressure the kernel takes a probe before the service.
void offer_to_oom_killer();

}  // namespace gpuprobe::warden
