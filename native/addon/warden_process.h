// The warden as a child of the service, which it shares with whatever else the service is: code
// that reaps with waitpid(-1), or ignores SIGCHLD, may have taken the warden's end and freed its
// pid for another process. So it is killed and waited for through a pidfd.
#pragma once

#include <sys/types.h>

#include <atomic>

namespace gpuprobe::addon {

class WardenProcess {
 public:
  // Just spawned, as the leader of a session of its own.
  void adopt(pid_t pid);
  pid_t pid() const { return pid_; }
  // Kills it, waits for it and lets go of it: its wait status, 0 where somebody else has taken it.
  int end();

 private:
  bool is_ours() const;
  void kill_it() const;
  int wait_for_it() const;

  std::atomic<pid_t> pid_{0};  // 0: none; JavaScript asks for it
  int pidfd_ = -1;             // -1: none, or the kernel or a sandbox refuses them
};

}  // namespace gpuprobe::addon
