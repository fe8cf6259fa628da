#include "addon/warden_process.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gpuprobe::addon {
namespace {

constexpr auto kPidfd = static_cast<idtype_t>(3);  // P_PIDFD; glibc has it since 2.36

int status_of(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : W_EXITCODE(0, info.si_status);
}

}  // namespace

WardenProcess& WardenProcess::operator=(WardenProcess&& other) noexcept {
  pid_ = other.pid_.exchange(0);
  pidfd_ = std::exchange(other.pidfd_, -1);
  return *this;
}

void WardenProcess::adopt(pid_t pid) {
  pid_ = pid;
#ifdef SYS_pidfd_open
  // Close-on-exec by default. ENOSYS before Linux 5.3, EPERM in a sandbox, EMFILE: works without
  // it.
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
#endif
}

// For use without a pidfd: returns true if the process is still a child of this process and leads
// the session that it was started with.
bool WardenProcess::is_ours() const {
  siginfo_t info{};
  return getsid(pid_) == pid_ &&
         waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void WardenProcess::kill_it() const {
#ifdef SYS_pidfd_send_signal
  if (pidfd_ >= 0 && syscall(SYS_pidfd_send_signal, pidfd_, SIGKILL, nullptr, 0) == 0) return;
#endif
  if (is_ours()) kill(pid_, SIGKILL);
}

int WardenProcess::wait_for_it() const {
  siginfo_t info{};
  if (pidfd_ >= 0) {
    int result;
    do {
      result = waitid(kPidfd, static_cast<id_t>(pidfd_), &info, WEXITED);
    } while (result < 0 && errno == EINTR);
    if (result == 0) return status_of(info);
    if (errno == ECHILD) return 0;
  }
  // Linux 5.3 has no waitid() for a pidfd.
  if (!is_ours()) return 0;
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) == 0 ? status_of(info) : 0;
}

bool WardenProcess::has_ended() const {
  siginfo_t info{};
  if (pidfd_ >= 0) {
    if (waitid(kPidfd, static_cast<id_t>(pidfd_), &info, WEXITED | WNOHANG) == 0) {
      return info.si_pid != 0;
    }
    if (errno == ECHILD) return true;
  }
  if (!is_ours()) return true;
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) != 0 || info.si_pid != 0;
}

void WardenProcess::let_go() {
  if (pidfd_ >= 0) close(pidfd_);
  pidfd_ = -1;
  pid_ = 0;
}

int WardenProcess::end() {
  kill_it();
  const int status = wait_for_it();
  let_go();
  return status;
}

bool WardenProcess::reap() {
  if (!has_ended()) return false;
  let_go();
  return true;
}

}  // namespace gpuprobe::addon
