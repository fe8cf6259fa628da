#include "sim/engine/context_owner.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "proc/stat.h"

namespace gpuprobe::sim {
namespace {

// 22 bits are the kernel's PID_MAX_LIMIT. Clock ticks of 26 bits wrap after a week.
constexpr unsigned kStateBits = 2;
constexpr unsigned kSequenceBits = 14;
constexpr unsigned kStartBits = 26;
constexpr unsigned kPidBits = 22;
static_assert(kStateBits + kSequenceBits + kStartBits + kPidBits == 64);

constexpr std::uint64_t low(std::uint64_t word, unsigned bits) {
  return word & ((std::uint64_t{1} << bits) - 1);
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
  proc::ProcessStat self = {};
  proc::read_stat(pid, &self);  // without /proc, start stays 0: unknown
  return {pid, low(self.start_ticks, kStartBits), sequence, SlotState::claiming};
}

bool is_alive(const Owner& owner) {
  if (owner.pid == getpid()) return true;
  if (kill(owner.pid, 0) != 0 && errno == ESRCH) return false;
  proc::ProcessStat process;
  if (!proc::read_stat(owner.pid, &process)) return true;
  const bool dead = process.state == 'Z' || process.state == 'X';
  return !dead && (owner.start == 0 || low(process.start_ticks, kStartBits) == owner.start);
}

}  // namespace gpuprobe::sim
