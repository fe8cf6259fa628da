// What /proc says about one process. Also part of the simulator, so it must not use other code.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace gpuprobe::proc {

struct ProcessStat {
  char state;  // 'R', 'S', 'D', 'Z', ...
  unsigned flags;
  std::uint64_t start_ticks;  // since boot; tells the process from a later one with the same pid
};

// Reads /proc/PID/stat. Returns false if the process is gone, or there is no /proc.
bool read_stat(pid_t pid, ProcessStat* out);

// Returns true if the process is exiting: it no longer runs, but cannot be reaped yet. Also true if
// it is gone.
bool is_exiting(pid_t pid);

// Writes "state S, waiting in futex_wait_queue": state and wait channel of a process that does not
// answer. Writes "" if it is gone.
void describe_wait(pid_t pid, char* out, std::size_t size);

}  // namespace gpuprobe::proc
