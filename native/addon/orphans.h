// The children of a warden that has exited. If the service is PID 1 of its container, or a
// subreaper, they are reparented to it and stay zombies until it reaps them. One in D state exits
// only when the kernel releases it, so they are polled, never waited for. I/O thread only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace gpuprobe::addon {

class Orphans {
 public:
  // Finds the remaining processes of a warden's session that were reparented to this process.
  void adopt(pid_t session, std::uint64_t now_ns);
  // Reaps those that have exited.
  void on_time(std::uint64_t now_ns);
  // Milliseconds until the next check; -1 if there are none.
  int next_timeout_ms(std::uint64_t now_ns) const;

 private:
  struct Orphan {
    pid_t pid;
    pid_t session;
  };

  void reap();

  std::vector<Orphan> orphans_;
  std::uint64_t due_ns_ = 0;
  std::uint64_t pause_ns_ = 0;
};

}  // namespace gpuprobe::addon
