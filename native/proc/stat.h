// What /proc says of one process. Also part of the simulator, so it knows nothing of the rest.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace gpuprobe::proc {

struct ProcessStat {
  char state;  // 'R', 'S', 'D', 'Z', ...
  unsigned flags;
  std::uint64_t start_ticks;  // since boot: tells a process from another one with the same pid
};

// /proc/PID/stat. False: the process is gone, or there is no /proc.
bool read_stat(pid_t pid, ProcessStat* out);

// The kernel is taking the process apart: it no longer runs, though it cannot be waited for yet.
bool is_exiting(pid_t pid);

// "state S, waiting in futex_wait_queue": state and wait channel of a process that does not answer.
// "" when it is gone.
void describe_wait(pid_t pid, char* out, std::size_t size);

}  // namespace gpuprobe::proc
