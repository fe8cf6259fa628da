// The children of a warden that has ended. They come to the service where it is PID 1 of its
// container, or a subreaper, and are zombies for good unless it waits for them. One in D state ends
// when the kernel lets go of it, so they are asked about now and then, and not waited for. I/O
// thread only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace gpuprobe::addon {

class Orphans {
 public:
  // Finds what is left of a warden's session and has come to this process.
  void adopt(pid_t session, std::uint64_t now_ns);
  // Reaps those that have ended.
  void on_time(std::uint64_t now_ns);
  // Until they are to be looked at again; -1: there are none.
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
