// What /proc says about processes: this one, one that waits, one that is gone.
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "proc/stat.h"

namespace {

using namespace gpuprobe::proc;

TEST("the fields of a process are counted from the end of its name, whatever that is") {
  ProcessStat plain;
  CHECK(read_stat(getpid(), &plain));
  CHECK_EQ('R', plain.state);
  CHECK(plain.start_ticks > 0);
  CHECK_EQ(0, prctl(PR_SET_NAME, ") Z 1 (9 9"));
  ProcessStat renamed;
  CHECK(read_stat(getpid(), &renamed));
  CHECK_EQ('R', renamed.state);
  CHECK_EQ(plain.start_ticks, renamed.start_ticks);
  CHECK(!is_exiting(getpid()));
}

TEST("a process that ended is exiting, also before it is reaped") {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  siginfo_t info;
  CHECK_EQ(0, waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT));
  CHECK(is_exiting(pid));
  CHECK_EQ(pid, waitpid(pid, nullptr, 0));
  ProcessStat gone;
  CHECK(!read_stat(pid, &gone));
  CHECK(is_exiting(pid));
}

TEST("a wait is described, and a process that is gone is not") {
  const pid_t pid = fork();
  if (pid == 0) {
    for (;;) pause();
  }
  char text[256] = "x";
  for (int round = 0; round < 1000 && strncmp(text, "state S", 7) != 0; ++round) {
    usleep(1000);
    describe_wait(pid, text, sizeof text);
  }
  CHECK(strncmp(text, "state S", 7) == 0);
  CHECK_EQ(0, kill(pid, SIGKILL));
  CHECK_EQ(pid, waitpid(pid, nullptr, 0));
  describe_wait(pid, text, sizeof text);
  CHECK_EQ("", text);
}

}  // namespace
