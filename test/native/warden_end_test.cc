// Whatever ends first (the socket, the service or the warden), no process of gpuprobe stays. The
// second that each may take is a liveness limit, not a promise of speed.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "probes/clock.h"
#include "sim_world.h"
#include "warden_client.h"

namespace {

using namespace gpuprobe::probes;
using namespace gpuprobe::test;

// Makes orphans children of this process, to tell one that is only unreaped from one that lives on.
void adopt_orphans() { CHECK_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1)); }

// Reaps until no descendant is left; returns how many there were.
unsigned reap_all_within_a_second() {
  const std::uint64_t end_ns = monotonic_ns() + 1'000'000'000;
  unsigned reaped = 0;
  for (;;) {
    const pid_t pid = waitpid(-1, nullptr, WNOHANG);
    if (pid > 0) {
      ++reaped;
      continue;
    }
    if (pid < 0) {
      CHECK_EQ(ECHILD, errno);
      return reaped;
    }
    CHECK(monotonic_ns() < end_ns);
    usleep(1000);
  }
}

constexpr char kContextHangs[] =
    "faults=1\nfaults.0.function=cuCtxCreate_v2\nfaults.0.effect=hang\n";

// One idle child, one stuck child, one inside a call.
void occupy(Warden* warden) {
  warden->add_simulator(healthy_world(kContextHangs));
  warden->ask(ProbeKind::telemetry);
  warden->ask(ProbeKind::fresh_context, {1, 600'000}, kGpu0);
  warden->request(ProbeKind::fresh_context, {}, kGpu0);
  warden->wait_for_children(3);
}

TEST("the end of the socket is the end of the warden, which reaps its children first") {
  adopt_orphans();
  Warden warden;
  occupy(&warden);
  warden.close_socket();
  CHECK_EQ(1u, reap_all_within_a_second());
}

TEST("a warden that is killed takes its children with it") {
  adopt_orphans();
  Warden warden;
  occupy(&warden);
  CHECK_EQ(0, kill(warden.pid(), SIGKILL));
  CHECK_EQ(4u, reap_all_within_a_second());
  while (warden.receive()) {
  }
}

TEST("a warden that is told to end reaps its children first") {
  adopt_orphans();
  Warden warden;
  occupy(&warden);
  CHECK_EQ(0, kill(warden.pid(), SIGTERM));
  CHECK_EQ(1u, reap_all_within_a_second());
  while (warden.receive()) {
  }
}

// This process still holds the socket, so a closed socket is not what tells the warden.
TEST("a service that is killed takes the warden with it") {
  adopt_orphans();
  int ends[2];
  int told[2];
  CHECK_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
  CHECK_EQ(0, pipe(told));
  const pid_t service = fork();
  if (service == 0) {
    const pid_t warden = spawn_warden(ends[1]);
    CHECK_EQ(4, write(told[1], &warden, sizeof warden));
    for (;;) pause();
  }
  pid_t warden = 0;
  CHECK_EQ(4, read(told[0], &warden, sizeof warden));
  wait_until([&] { return process_name(warden) == "gpuprobe-warden"; });
  CHECK_EQ(0, close(ends[1]));
  gpuprobe::wire::Frame* ready = new gpuprobe::wire::Frame;
  int passed = -1;
  CHECK_EQ(gpuprobe::wire::Received::frame,
           gpuprobe::wire::receive_frame(ends[0], ready, &passed, 0));
  CHECK_EQ(0, kill(service, SIGKILL));
  CHECK_EQ(2u, reap_all_within_a_second());
  delete ready;
}

TEST("a warden is not started by hand") {
  const pid_t pid = fork();
  if (pid == 0) {
    close(3);
    if (freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
    execl(GPUPROBE_WARDEN, "gpuprobe-warden", nullptr);
  }
  int status = 0;
  CHECK_EQ(pid, waitpid(pid, &status, 0));
  CHECK_EQ(64, WEXITSTATUS(status));
}

TEST("a warden whose service is gone already leaves at once") {
  int ends[2];
  CHECK_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(fcntl(ends[1], F_DUPFD, 100), 3);
    execl(GPUPROBE_WARDEN, "gpuprobe-warden", "1", nullptr);
  }
  CHECK_EQ(0, close(ends[1]));
  int status = -1;
  CHECK_EQ(pid, waitpid(pid, &status, 0));
  CHECK_EQ(0, status);
  gpuprobe::wire::Frame* none = new gpuprobe::wire::Frame;
  int passed = -1;
  CHECK_EQ(gpuprobe::wire::Received::closed,
           gpuprobe::wire::receive_frame(ends[0], none, &passed, 0));
  delete none;
}

}  // namespace
