// What the machine itself costs, measured in C: each floor runs `count` times and writes the
// nanoseconds of each iteration.
#pragma once

#include <cstddef>
#include <cstdint>

#include "probes/clock.h"

namespace gpuprobe::bench {

// Where samples go: memory shared with the processes that a floor forks.
struct Samples {
  double* ns;
  std::size_t count;
};

// The simulated driver, as the service hands it to its probes.
struct Machine {
  const char* directory;  // of the simulator's libraries; null: none was given
  int world;              // the scenario, as native/driver/simulator.h describes it
};

// Between two processes, over a SOCK_SEQPACKET pair.
bool socketpair_round_trip(const Samples& samples);
// Between two threads, by eventfd and by condition variable.
bool eventfd_hand_off(const Samples& samples);
bool condition_hand_off(const Samples& samples);

// fork, _exit and waitpid of this small process.
bool fork_and_exit(const Samples& samples);

// The calls of one snapshot without lists; one sample is the mean of a batch, since a single one is
// of the order of reading the clock.
bool raw_snapshot(const Machine& machine, const Samples& samples);
// The same from a process that slept before each, for `pause_us`.
bool raw_snapshot_paced(const Machine& machine, const Samples& samples, unsigned pause_us);
// fork, dlopen, cuInit, a context, _exit and waitpid; or of that the driver's part alone, which
// ends before the libraries are torn down.
bool raw_canary(const Machine& machine, const Samples& samples, bool driver_only);

// Runs `body` in a fork of its own, so that no library stays mapped here and makes later forks
// dearer. True: it ran and returned true.
template <typename Body>
bool in_fork(Body body);

}  // namespace gpuprobe::bench

#include <sys/wait.h>
#include <unistd.h>

template <typename Body>
bool gpuprobe::bench::in_fork(Body body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body() ? 0 : 1);
  int status = 0;
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}
