#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/simulator.h"

namespace gpuprobe::check {
namespace {

// A liveness limit, not a speed limit: a test that hangs has failed.
constexpr unsigned kSecondsPerTest = 120;

// Run in parallel, because tests mostly wait for deadlines; few enough that they do not compete for
// the processor.
constexpr unsigned kAtATime = 8;

Registration* first = nullptr;
Registration* last = nullptr;
// In a test's process: where it reports its failure.
int failure = -1;

struct Running {
  const Registration* test;
  pid_t pid;     // 0: free; -1: could not be started
  int reported;  // the reading end of `failure`
};

Running start(const Registration& test) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return {&test, -1, -1};
  fflush(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    failure = ends[1];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    alarm(kSecondsPerTest);
    test.body();
    _exit(0);
  }
  close(ends[1]);
  return {&test, pid, ends[0]};
}

// Returns what the test's processes reported; "" if nothing. Called after the test has ended, and
// does not wait: a process that the test left behind may still hold the other end.
std::string take_report(int reported) {
  char text[4096];
  const ssize_t got = read(reported, text, sizeof text);
  close(reported);
  std::string message(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  return message.substr(0, message.find('\n'));
}

// Returns "" if the test passed, otherwise the error.
std::string end(const Running& running, int status) {
  if (running.pid < 0) return "no process";
  // A failed test leaves its processes running.
  kill(-running.pid, SIGKILL);
  std::string message = take_report(running.reported);
  if (!message.empty()) return message;
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  return status == 0 ? "" : "exit status " + std::to_string(WEXITSTATUS(status));
}

struct Counts {
  unsigned passed = 0;
  unsigned failed = 0;

  void add(const Running& running, int status) {
    const std::string problem = end(running, status);
    ++(problem.empty() ? passed : failed);
    printf("%s %s%s%s\n", problem.empty() ? "ok" : "not ok", running.test->name,
           problem.empty() ? "" : ": ", problem.c_str());
  }
};

// Waits until one of them ends, and frees its place.
void wait_for_one(Running (&running)[kAtATime], Counts* counts) {
  int status = 0;
  const pid_t pid = waitpid(-1, &status, 0);
  for (Running& place : running) {
    if (place.pid != pid) continue;
    counts->add(place, status);
    place.pid = 0;
  }
}

Counts run(const char* named) {
  Running running[kAtATime] = {};
  Counts counts;
  unsigned count = 0;
  for (const Registration* test = first; test != nullptr; test = test->next) {
    if (strstr(test->name, named) == nullptr) continue;
    for (; count == kAtATime; --count) wait_for_one(running, &counts);
    const Running started = start(*test);
    if (started.pid < 0) {
      counts.add(started, 0);
      continue;
    }
    for (Running& place : running) {
      if (place.pid != 0) continue;
      place = started;
      break;
    }
    ++count;
  }
  for (; count > 0; --count) wait_for_one(running, &counts);
  return counts;
}

}  // namespace

Registration::Registration(const char* test_name, void (*test_body)())
    : name(test_name), body(test_body) {
  (last != nullptr ? last->next : first) = this;
  last = this;
}

void fail(const char* file, int line, const std::string& what) {
  const char* base = strrchr(file, '/');
  const std::string message = std::string(base != nullptr ? base + 1 : file) + ":" +
                              std::to_string(line) + ": " + what + "\n";
  const ssize_t written = write(failure, message.data(), message.size());
  static_cast<void>(written);
  _exit(1);
}

}  // namespace gpuprobe::check

int main(int argc, char** argv) {
  using namespace gpuprobe::check;
  // The caller may be on a simulated machine, or have chosen a GPU.
  unsetenv("CUDA_VISIBLE_DEVICES");
  unsetenv(gpuprobe::driver::kWorldVariable);
  const Counts counts = run(argc > 1 ? argv[1] : "");
  printf("%u passed, %u failed\n", counts.passed, counts.failed);
  return counts.failed == 0 && counts.passed > 0 ? 0 : 1;
}
