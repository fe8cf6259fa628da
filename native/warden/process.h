// Small facts about Linux processes that the warden and its children share.
#pragma once

#include <sys/types.h>

#include <cstddef>

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

// The kernel is taking the process apart: it no longer runs, though it cannot be waited for yet.
bool is_exiting(pid_t pid);

// "state S, waiting in futex_wait_queue": state and wait channel of a process that does not answer.
// "" when it is gone.
void describe_wait(pid_t pid, char* out, std::size_t size);

}  // namespace gpuprobe::warden
