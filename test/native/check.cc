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

// A bound on life, not on speed: a test that hangs is a failed one.
constexpr unsigned kSecondsPerTest = 120;

Registration* first = nullptr;
Registration* last = nullptr;
int failures[2] = {-1, -1};

// What the test's processes reported; "" when they said nothing. Read after the test's end and
// without waiting: a process it left behind may still hold the other end.
std::string reported() {
  char text[4096];
  const ssize_t got = read(failures[0], text, sizeof text);
  std::string message(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  return message.substr(0, message.find('\n'));
}

// "": passed; else what went wrong.
std::string run(const Registration& test) {
  if (pipe2(failures, O_CLOEXEC | O_NONBLOCK) != 0) return "no pipe";
  fflush(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    alarm(kSecondsPerTest);
    test.body();
    _exit(0);
  }
  int status = 0;
  const bool waited = pid > 0 && waitpid(pid, &status, 0) == pid;
  // A test that failed leaves its processes where they were.
  if (waited) kill(-pid, SIGKILL);
  std::string message = reported();
  close(failures[0]);
  close(failures[1]);
  if (!waited) return "no process";
  if (!message.empty()) return message;
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  return status == 0 ? "" : "exit status " + std::to_string(WEXITSTATUS(status));
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
  const ssize_t written = write(failures[1], message.data(), message.size());
  static_cast<void>(written);
  _exit(1);
}

}  // namespace gpuprobe::check

int main(int argc, char** argv) {
  using namespace gpuprobe::check;
  // Whoever runs the tests may be on a simulated machine, or have chosen a GPU.
  unsetenv("CUDA_VISIBLE_DEVICES");
  unsetenv(gpuprobe::driver::kWorldVariable);
  unsigned passed = 0;
  unsigned failed = 0;
  for (const Registration* test = first; test != nullptr; test = test->next) {
    if (argc > 1 && strstr(test->name, argv[1]) == nullptr) continue;
    const std::string problem = run(*test);
    if (problem.empty()) {
      ++passed;
      printf("ok %s\n", test->name);
    } else {
      ++failed;
      printf("not ok %s: %s\n", test->name, problem.c_str());
    }
  }
  printf("%u passed, %u failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
