// gpuprobe-warden: the only child of a service that probes its GPU. It never loads a driver
// library, so it can always fork a clean process that does, and can always answer. The addon starts
// it with a socket as descriptor 3 and the service's pid as its argument. It exits when that socket
// closes.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/clock.h"
#include "warden/own_process.h"
#include "warden/supervisor.h"

namespace gpuprobe::warden {
namespace {

constexpr int kService = 3;
// How long the warden waits for children that it has killed. Destroying a context on a real GPU
// takes 55 to 70 ms; D state may never end. Less than the 1 s that the command line waits for the
// warden.
// mutation: helpers-reaped-first
constexpr int kChildrenLimitMs = 900;
// How long it waits for processes that a library left behind. The warden does not kill these.
constexpr int kAdoptedLimitMs = 20;

// Makes sure that descriptors 0 to 2 are open; otherwise a driver's first open() becomes stdout.
// Closes all other descriptors of the service, in case one was opened without close-on-exec.
void settle(pid_t service) {
  prctl(PR_SET_NAME, "gpuprobe-warden");
  // SIGTERM is handled: the warden reaps its children before it exits. Otherwise they become
  // zombies under a PID 1 that may not be an init. The closed socket tells the warden the same, but
  // late if a process that the service forked holds a copy.
  // mutation: warden-death-signal
  die_with_parent(service, SIGTERM);
  // Helper processes that a library starts and abandons are reparented to the warden, not to the
  // service.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int null = open("/dev/null", O_RDWR);
  for (int standard = 0; standard <= 2; ++standard) {
    // mutation: standard-descriptors/warden
    if (null >= 0 && fcntl(standard, F_GETFD) < 0) dup2(null, standard);
  }
  close_descriptors_from(kService + 1);
  fcntl(kService, F_SETFD, FD_CLOEXEC);
}

int watch_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_SETMASK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Returns true if one of the signals was SIGTERM.
bool take_signals(int signals) {
  signalfd_siginfo info;
  bool terminate = false;
  while (read(signals, &info, sizeof info) > 0) terminate |= info.ssi_signo == SIGTERM;
  return terminate;
}

// Kills the children and reaps them, because their next parent might not. The time limits cover
// processes that the kernel does not release.
[[noreturn]] void leave(Supervisor* supervisor, int signals) {
  supervisor->kill_all();
  const std::uint64_t start_ns = probes::monotonic_ns();
  for (;;) {
    pid_t pid;
    while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) supervisor->children().forget(pid);
    if (pid < 0) break;
    const int limit_ms = supervisor->children().any() ? kChildrenLimitMs : kAdoptedLimitMs;
    const auto waited_ms = static_cast<int>((probes::monotonic_ns() - start_ns) / 1'000'000);
    if (waited_ms >= limit_ms) break;
    pollfd ended = {signals, POLLIN, 0};
    poll(&ended, 1, limit_ms - waited_ms);
    take_signals(signals);
  }
  _exit(0);
}

void on_signals(Supervisor* supervisor, int signals) {
  if (take_signals(signals)) leave(supervisor, signals);
  int status = 0;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) supervisor->on_exit(pid, status);
}

void serve(Supervisor* supervisor, int signals) {
  static wire::Frame frame;
  static pollfd polled[2 + kMaxChildren];
  static Child* owners[2 + kMaxChildren];
  for (;;) {
    nfds_t count = 0;
    polled[count++] = {kService, POLLIN, 0};
    polled[count++] = {signals, POLLIN, 0};
    for (Child& child : supervisor->children()) {
      if (!child.alive()) continue;
      owners[count] = &child;
      polled[count++] = {child.socket, POLLIN, 0};
    }
    poll(polled, count, supervisor->next_timeout_ms(probes::monotonic_ns()));
    for (nfds_t i = 2; i < count; ++i) {
      if ((polled[i].revents & POLLIN) != 0) {
        supervisor->on_child_frame(owners[i]);
      } else if (polled[i].revents != 0) {
        supervisor->on_child_hangup(owners[i]);
      }
    }
    if (polled[1].revents != 0) on_signals(supervisor, signals);
    if (polled[0].revents != 0) {
      int passed = -1;
      const wire::Received received = wire::receive_frame(kService, &frame, &passed, MSG_DONTWAIT);
      // mutation: socket-end-watch
      if (received == wire::Received::closed) leave(supervisor, signals);
      if (received == wire::Received::frame) supervisor->on_frame(frame, passed);
    }
    supervisor->on_time(probes::monotonic_ns());
  }
}

}  // namespace
}  // namespace gpuprobe::warden

int main(int argc, char** argv) {
  using namespace gpuprobe;
  if (argc != 2 || fcntl(3, F_GETFD) < 0) {
    fputs("gpuprobe-warden is started by the gpuprobe addon, not by hand.\n", stderr);
    return 64;
  }
  warden::settle(static_cast<pid_t>(strtol(argv[1], nullptr, 10)));
  static warden::Supervisor supervisor(warden::kService);
  const int signals = warden::watch_signals();
  if (signals < 0 || !supervisor.prepare()) return 1;
  const wire::ReadyRecord ready = {getpid(), 0};
  wire::send_frame(warden::kService, wire::FrameType::ready, 0, &ready, sizeof ready, -1, 0);
  warden::serve(&supervisor, signals);
}
