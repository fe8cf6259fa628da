#include "sim/engine/context_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace gpuprobe::sim {
namespace {

// 22 bits are the kernel's PID_MAX_LIMIT. Clock ticks of 26 come round after a week.
constexpr unsigned kStateBits = 2;
constexpr unsigned kSequenceBits = 14;
constexpr unsigned kStartBits = 26;
constexpr unsigned kPidBits = 22;
static_assert(kStateBits + kSequenceBits + kStartBits + kPidBits == 64);

constexpr std::uint64_t low(std::uint64_t word, unsigned bits) {
  return word & ((std::uint64_t{1} << bits) - 1);
}

struct ProcessState {
  char state;
  std::uint64_t start;
};

// State and start time from /proc/PID/stat. The name in it may contain anything, so fields are
// counted from its last parenthesis.
bool read_process(pid_t pid, ProcessState* out) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/stat", static_cast<int>(pid));
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char text[1024];
  const ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  if (got <= 0) return false;
  text[got] = '\0';
  const char* field = strrchr(text, ')');
  if (field == nullptr || field[1] != ' ') return false;
  out->state = field[2];
  constexpr int kFieldsToStart = 20;  // from the name, field 2, to starttime, field 22
  for (int i = 0; i < kFieldsToStart && field != nullptr; ++i) field = strchr(field + 1, ' ');
  if (field == nullptr) return false;
  out->start = low(strtoull(field + 1, nullptr, 10), kStartBits);
  return true;
}

}  // namespace

std::uint64_t pack(const Owner& owner) {
  std::uint64_t word = low(static_cast<std::uint64_t>(owner.pid), kPidBits);
  word = word << kStartBits | low(owner.start, kStartBits);
  word = word << kSequenceBits | low(owner.sequence, kSequenceBits);
  return word << kStateBits | static_cast<std::uint64_t>(owner.state);
}

Owner unpack(std::uint64_t word) {
  Owner owner = {};
  owner.state = static_cast<SlotState>(low(word, kStateBits));
  word >>= kStateBits;
  owner.sequence = static_cast<std::uint32_t>(low(word, kSequenceBits));
  word >>= kSequenceBits;
  owner.start = low(word, kStartBits);
  owner.pid = static_cast<pid_t>(word >> kStartBits);
  return owner;
}

Owner this_process(std::uint32_t sequence) {
  const pid_t pid = getpid();
  ProcessState self = {};
  read_process(pid, &self);  // without /proc the start stays 0: not known
  return {pid, self.start, sequence, SlotState::claiming};
}

bool is_alive(const Owner& owner) {
  if (owner.pid == getpid()) return true;
  if (kill(owner.pid, 0) != 0 && errno == ESRCH) return false;
  ProcessState process;
  if (!read_process(owner.pid, &process)) return true;
  const bool dead = process.state == 'Z' || process.state == 'X';
  return !dead && (owner.start == 0 || process.start == owner.start);
}

}  // namespace gpuprobe::sim
