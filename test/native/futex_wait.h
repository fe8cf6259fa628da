// Processes that wait for ever, as in a driver's deadlock.
#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "check.h"

namespace gpuprobe::test {

// Waits until a thread sleeps in a futex. If the kernel does not say (no ptrace, no such file),
// sleeps a moment instead.
inline void wait_until_in_futex(pid_t process, pid_t thread) {
  const std::string path =
      "/proc/" + std::to_string(process) + "/task/" + std::to_string(thread) + "/syscall";
  const std::string futex = std::to_string(SYS_futex) + " ";
  for (int round = 0; round < 6000; ++round) {
    std::string text;
    std::ifstream file(path);
    std::getline(file, text);
    if (text.rfind(futex, 0) == 0) return;
    if (text.empty() && round >= 30) return;
    usleep(5000);
  }
  CHECK(!"the thread never waited in a futex");
}

// Runs `body` in a process and checks that it never returns and waits in a futex.
template <typename Body>
void expect_futex_wait(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  wait_until_in_futex(pid, pid);
  int status = 0;
  CHECK_EQ(0, waitpid(pid, &status, WNOHANG));
  CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

}  // namespace gpuprobe::test
