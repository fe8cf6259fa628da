// The warden as a child of the service, which it shares with whatever else the service is: code
// that reaps with waitpid(-1), or ignores SIGCHLD, may have taken the warden's end and freed its
// pid for another process. So it is killed and waited for through a pidfd.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <utility>

namespace gpuprobe::addon {

class WardenProcess {
 public:
  WardenProcess() = default;
  WardenProcess(WardenProcess&& other) noexcept { *this = std::move(other); }
  // Onto one that holds no process.
  WardenProcess& operator=(WardenProcess&& other) noexcept;

  // Just spawned, as the leader of a session of its own.
  void adopt(pid_t pid);
  pid_t pid() const { return pid_; }
  // Readable once it has ended; -1: there are no pidfds here.
  int descriptor() const { return pidfd_; }
  // Kills it, waits for it and lets go of it: its wait status, 0 where somebody else has taken it.
  int end();
  // Lets go of it if it has ended, reaped here or by somebody else. False: it runs.
  bool reap();

 private:
  bool is_ours() const;
  void kill_it() const;
  int wait_for_it() const;
  bool has_ended() const;
  void let_go();

  std::atomic<pid_t> pid_{0};  // 0: none; JavaScript asks for it
  int pidfd_ = -1;             // -1: none, or the kernel or a sandbox refuses them
};

}  // namespace gpuprobe::addon
