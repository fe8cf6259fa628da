#include "sim/contexts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace gpuprobe::sim {
namespace {

// An owner is one word, so that claiming a slot is one compare-and-swap and a process killed
// half-way leaves nothing behind that cannot be told: pid (22 bits, the kernel's PID_MAX_LIMIT),
// device (6), and the process's start time in clock ticks (36), which tells a reused pid.
constexpr unsigned kStartBits = 36;
constexpr unsigned kDeviceBits = 6;
constexpr std::uint64_t kStartMask = (std::uint64_t{1} << kStartBits) - 1;
constexpr std::uint64_t kDeviceMask = (std::uint64_t{1} << kDeviceBits) - 1;
static_assert(kMaxDevices <= kDeviceMask + 1);

pid_t owner_pid(std::uint64_t owner) {
  return static_cast<pid_t>(owner >> (kStartBits + kDeviceBits));
}

std::uint32_t owner_device(std::uint64_t owner) {
  return static_cast<std::uint32_t>(owner >> kStartBits & kDeviceMask);
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
  out->start = strtoull(field + 1, nullptr, 10) & kStartMask;
  return true;
}

// The driver frees a process's memory when it ends, not when its parent collects it: a zombie is
// dead.
bool is_alive(std::uint64_t owner) {
  const pid_t pid = owner_pid(owner);
  if (pid == getpid()) return true;
  if (kill(pid, 0) != 0 && errno == ESRCH) return false;
  ProcessState process;
  if (!read_process(pid, &process)) return true;
  const std::uint64_t start = owner & kStartMask;
  return process.state != 'Z' && process.state != 'X' && (start == 0 || process.start == start);
}

struct Holdings {
  std::uint64_t bytes;
  std::uint32_t contexts;
};

Holdings count_holdings(const World& world, std::uint32_t device) {
  Holdings holdings = {};
  Runtime& runtime = *world.runtime;
  const std::uint32_t count = runtime.slots_in_use.load();
  for (std::uint32_t i = 0; i < count && i < kContextSlots; ++i) {
    ContextSlot& slot = runtime.slots[i];
    std::uint64_t owner = slot.owner.load();
    if (owner == 0 || owner_device(owner) != device) continue;
    if (!is_alive(owner)) {
      slot.owner.compare_exchange_strong(owner, 0);
      continue;
    }
    holdings.bytes += world.machine->devices[device].context_bytes + slot.allocated_bytes.load();
    ++holdings.contexts;
  }
  return holdings;
}

std::uint64_t capacity(const Device& device) {
  return device.total_bytes - device.reserved_bytes - device.used_bytes;
}

ContextSlot* claim_slot(Runtime* runtime, std::uint64_t owner) {
  for (std::uint32_t i = 0; i < kContextSlots; ++i) {
    std::uint64_t expected = 0;
    ContextSlot& slot = runtime->slots[i];
    if (!slot.owner.compare_exchange_strong(expected, owner)) continue;
    slot.allocated_bytes.store(0);
    std::uint32_t in_use = runtime->slots_in_use.load();
    while (in_use < i + 1 && !runtime->slots_in_use.compare_exchange_weak(in_use, i + 1)) {
    }
    return &slot;
  }
  return nullptr;
}

}  // namespace

std::uint64_t context_bytes_held(const World& world, std::uint32_t device) {
  return count_holdings(world, device).bytes;
}

std::uint64_t free_bytes(const World& world, std::uint32_t device) {
  const std::uint64_t all = capacity(world.machine->devices[device]);
  const std::uint64_t held = context_bytes_held(world, device);
  return held < all ? all - held : 0;
}

// Claims first and counts afterwards: two processes that race may both be refused, but never both
// get memory that is there once.
Claim claim_context(const World& world, std::uint32_t device, bool exclusive, ContextSlot** slot) {
  const pid_t pid = getpid();
  ProcessState self = {};
  read_process(pid, &self);  // without /proc the start stays 0: not known
  const std::uint64_t owner = static_cast<std::uint64_t>(pid) << (kStartBits + kDeviceBits) |
                              std::uint64_t{device} << kStartBits | self.start;
  *slot = claim_slot(world.runtime, owner);
  if (*slot == nullptr) return Claim::out_of_memory;
  const Holdings holdings = count_holdings(world, device);
  const bool in_use = exclusive && holdings.contexts > 1;
  const bool fits = holdings.bytes <= capacity(world.machine->devices[device]);
  if (!in_use && fits) return Claim::done;
  release_context(*slot);
  return in_use ? Claim::in_use : Claim::out_of_memory;
}

bool grow_context(const World& world, std::uint32_t device, ContextSlot* slot,
                  std::uint64_t bytes) {
  if (bytes > free_bytes(world, device)) return false;
  slot->allocated_bytes.fetch_add(bytes);
  if (context_bytes_held(world, device) <= capacity(world.machine->devices[device])) return true;
  shrink_context(slot, bytes);
  return false;
}

void shrink_context(ContextSlot* slot, std::uint64_t bytes) {
  slot->allocated_bytes.fetch_sub(bytes);
}

void release_context(ContextSlot* slot) { slot->owner.store(0); }

}  // namespace gpuprobe::sim
