// Sets up the calling process: the warden, or one of its children after the fork.
#pragma once

#include <sys/types.h>

namespace gpuprobe::warden {

// Sends `signal` to this process when the parent exits, and exits at once if it already has. The
// parent is the thread that forked: the warden has one thread, and the service starts the warden
// from a thread that lives as long as the service.
void die_with_parent(pid_t parent, int signal);

// Moves a descriptor to a fixed number. Close-on-exec does not matter: children never exec.
void move_descriptor(int from, int to);
void close_descriptors_from(int first);

// Makes the kernel kill a probe before the service when memory is short.
void offer_to_oom_killer();

}  // namespace gpuprobe::warden
