// Answers one line at a time, so that whoever asks decides when each floor is measured and can
// interleave it with what it measures itself:
//   socketpair 200   ->   {"floor":"socketpair","ns":[8123,7990,...]}
//   floors [DIRECTORY WORLD]: the simulator's libraries and a world's path, for the floors
//   that enter the driver
#include "floors.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

namespace gpuprobe::bench {

bool fork_and_exit(const Samples& samples) {
  for (std::size_t i = 0; i < samples.count; ++i) {
    const std::uint64_t started = probes::monotonic_ns();
    if (!in_fork([] { return true; })) return false;
    samples.ns[i] = static_cast<double>(probes::monotonic_ns() - started);
  }
  return true;
}

namespace {

constexpr std::size_t kMaxSamples = 100000;
constexpr unsigned kPauseUs = 20000;

bool measure(const char* floor, const Machine& machine, const Samples& samples) {
  if (strcmp(floor, "socketpair") == 0) return socketpair_round_trip(samples);
  if (strcmp(floor, "eventfd") == 0) return eventfd_hand_off(samples);
  if (strcmp(floor, "condition") == 0) return condition_hand_off(samples);
  if (strcmp(floor, "fork-exit") == 0) return fork_and_exit(samples);
  if (machine.directory == nullptr) return false;
  if (strcmp(floor, "snapshot") == 0) return raw_snapshot(machine, samples);
  if (strcmp(floor, "snapshot-paced") == 0) return raw_snapshot_paced(machine, samples, kPauseUs);
  if (strcmp(floor, "canary") == 0) return raw_canary(machine, samples, false);
  if (strcmp(floor, "canary-driver") == 0) return raw_canary(machine, samples, true);
  return false;
}

void answer(const char* line, const Machine& machine, double* room) {
  char floor[32];
  std::size_t count = 0;
  const bool asked = sscanf(line, "%31s %zu", floor, &count) == 2 && count > 0 &&
                     count <= kMaxSamples && strchr(floor, '"') == nullptr;
  if (!asked || !measure(floor, machine, {room, count})) {
    puts("{\"error\":\"no such floor, or it could not be measured\"}");
    return;
  }
  printf("{\"floor\":\"%s\",\"ns\":[", floor);
  for (std::size_t i = 0; i < count; ++i) printf(i == 0 ? "%.1f" : ",%.1f", room[i]);
  puts("]}");
}

}  // namespace
}  // namespace gpuprobe::bench

int main(int argc, char** argv) {
  using namespace gpuprobe::bench;
  Machine machine = {nullptr, -1};
  if (argc == 3) {
    machine = {argv[1], open(argv[2], O_RDWR | O_CLOEXEC)};
    if (machine.world < 0) {
      perror(argv[2]);
      return 1;
    }
  }
  void* room = mmap(nullptr, kMaxSamples * sizeof(double), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return 1;
  char line[64];
  while (fgets(line, sizeof line, stdin) != nullptr) {
    answer(line, machine, static_cast<double*>(room));
    fflush(stdout);
  }
  return 0;
}
