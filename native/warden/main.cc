// gpuprobe-warden: the one child of a service that probes its GPU. It never loads a driver library,
// so it can always fork a clean process that does, and always answer. Started by the addon with a
// socket as descriptor 3 and the service's pid as its argument; it ends when that socket does.
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
#include "warden/process.h"
#include "warden/supervisor.h"

namespace gpuprobe::warden {
namespace {

constexpr int kService = 3;

// Descriptors 0 to 2 are open, or a driver's first open() becomes stdout; nothing else of the
// service's is kept, whoever forgot close-on-exec on it.
void settle(pid_t service) {
  prctl(PR_SET_NAME, "gpuprobe-warden");
  // A signal it handles: the warden reaps its children before it goes, or they end as zombies of a
  // PID 1 that may not be an init. The socket's end says the same; it comes late when a process
  // that the service forked holds a copy.
  die_with_parent(service, SIGTERM);
  // Helpers that a library starts and abandons come here and not to the service.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int null = open("/dev/null", O_RDWR);
  for (int standard = 0; standard <= 2; ++standard) {
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

// Takes the children down. One in D state stays until the kernel lets go of it, and is not waited
// for.
[[noreturn]] void leave(Supervisor* supervisor) {
  supervisor->kill_all();
  for (int round = 0; round < 20 && waitpid(-1, nullptr, WNOHANG) >= 0; ++round) {
    poll(nullptr, 0, 1);
  }
  _exit(0);
}

void on_signals(Supervisor* supervisor, int signals) {
  signalfd_siginfo info;
  bool terminate = false;
  while (read(signals, &info, sizeof info) > 0) terminate |= info.ssi_signo == SIGTERM;
  if (terminate) leave(supervisor);
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
      if (received == wire::Received::closed) leave(supervisor);
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
