// The warden as a child of the service, which may have other code for its children: code that reaps
// with waitpid(-1), or ignores SIGCHLD, may have reaped the warden and freed its pid for another
// process. So the warden is killed and waited for through a pidfd.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <utility>

namespace gpuprobe::addon {

class WardenProcess {
 public:
  WardenProcess() = default;
  WardenProcess(WardenProcess&& other) noexcept { *this = std::move(other); }
  // Only onto an object that holds no process.
  WardenProcess& operator=(WardenProcess&& other) noexcept;

  // Takes a process that was just spawned as the leader of its own session.
  void adopt(pid_t pid);
  pid_t pid() const { return pid_; }
  // Readable once it has exited; -1 if pidfds are unavailable.
  int descriptor() const { return pidfd_; }
  // Kills it, waits for it and forgets it. Returns its wait status, or 0 if other code has reaped
  // it.
  int end();
  // Forgets it if it has exited, whether reaped here or elsewhere. Returns false if it runs.
  bool reap();

 private:
  bool is_ours() const;
  void kill_it() const;
  int wait_for_it() const;
  bool has_ended() const;
  void let_go();

  std::atomic<pid_t> pid_{0};  // 0: none; read from JavaScript threads
  int pidfd_ = -1;             // -1: none, or refused by the kernel or a sandbox
};

}  // namespace gpuprobe::addon
