#include "sim/engine/contexts.h"

#include "sim/engine/context_owner.h"
#include "sim/engine/timed.h"

namespace gpuprobe::sim {
namespace {

// The bytes that a slot's contexts left behind are counted exactly once, even if their owner was
// killed at any instruction. Of each pair in the slot, the element at `phase` counts: what was left
// before the slot's last context, and what that context leaves when it ends. A claim writes the
// other elements, and the next sequence number makes those count. An end is a single
// compare-and-swap from live to free.
unsigned phase(const Owner& owner) { return owner.sequence & 1; }

// The values that count in a slot, all of the same moment.
struct SlotReading {
  Owner owner;
  std::uint64_t held_bytes;
  std::uint64_t left_bytes;
};

SlotReading read_slot(const ContextSlot& slot, std::uint64_t limit) {
  for (;;) {
    const std::uint64_t word = slot.owner.load();
    const Owner owner = unpack(word);
    const bool live = owner.state == SlotState::live;
    const std::uint64_t before = slot.left_bytes[phase(owner)].load();
    const std::uint64_t leaves = live ? 0 : slot.leaves_bytes[phase(owner)].load();
    const std::uint64_t held = live ? slot.held_bytes.load() : 0;
    if (slot.owner.load() != word) continue;
    return {owner, held, add_up_to(limit, before < limit ? before : limit, leaves)};
  }
}

void free_slot(ContextSlot* slot, const Owner& owner) {
  std::uint64_t expected = pack(owner);
  slot->owner.compare_exchange_strong(expected, pack({0, 0, owner.sequence, SlotState::free}));
}

// Calls `use` with a reading of every slot of the device that was ever claimed.
template <typename Use>
void each_slot(const MachineView& world, std::uint32_t device, Use use) {
  Runtime& runtime = *world.runtime;
  const std::uint64_t limit = capacity(world.machine->devices[device]);
  const std::uint32_t count = runtime.slots_in_use[device].load();
  for (std::uint32_t i = 0; i < count && i < kContextsPerDevice; ++i) {
    ContextSlot& slot = runtime.slots[device][i];
    SlotReading reading = read_slot(slot, limit);
    if (reading.owner.state != SlotState::free && !is_alive(reading.owner)) {
      free_slot(&slot, reading.owner);
      reading = read_slot(slot, limit);
    }
    use(reading);
  }
}

// The slot belongs to this process from the first compare-and-swap on, with one exception: another
// process that thinks this one dead frees the slot, and then the second compare-and-swap fails.
bool begin_context(ContextSlot* slot, std::uint64_t bytes) {
  std::uint64_t word = slot->owner.load();
  const Owner before = unpack(word);
  if (before.state != SlotState::free) return false;
  const Owner claiming = this_process(before.sequence);
  if (!slot->owner.compare_exchange_strong(word, pack(claiming))) return false;
  const SlotReading now = read_slot(*slot, kNull64);
  Owner live = claiming;
  ++live.sequence;
  live.state = SlotState::live;
  slot->left_bytes[phase(live)].store(now.left_bytes);
  slot->leaves_bytes[phase(live)].store(0);
  slot->held_bytes.store(bytes);
  word = pack(claiming);
  return slot->owner.compare_exchange_strong(word, pack(live));
}

// Returns what is in use plus what is being claimed, which may be more than exists.
std::uint64_t bytes_wanted(const MachineView& world, std::uint32_t device) {
  const Device& facts = world.machine->devices[device];
  const std::uint64_t ms = facts.timed_process_count > 0 ? world.now_ms() : 0;
  const Holdings holdings = count_holdings(world, device);
  const std::uint64_t bytes = add_up_to(kNull64, scenario_bytes(facts, ms), holdings.left_bytes);
  return add_up_to(kNull64, bytes, holdings.held_bytes);
}

bool fits(const MachineView& world, std::uint32_t device) {
  return bytes_wanted(world, device) <= capacity(world.machine->devices[device]);
}

ContextSlot* begin_context_in_some_slot(const MachineView& world, std::uint32_t device) {
  Runtime& runtime = *world.runtime;
  for (std::uint32_t i = 0; i < kContextsPerDevice; ++i) {
    std::uint32_t in_use = runtime.slots_in_use[device].load();
    while (in_use < i + 1 && !runtime.slots_in_use[device].compare_exchange_weak(in_use, i + 1)) {
    }
    ContextSlot& slot = runtime.slots[device][i];
    if (begin_context(&slot, world.machine->devices[device].context_bytes)) return &slot;
  }
  return nullptr;
}

}  // namespace

Holdings count_holdings(const MachineView& world, std::uint32_t device) {
  Holdings holdings = {};
  each_slot(world, device, [&](const SlotReading& slot) {
    holdings.held_bytes += slot.held_bytes;
    holdings.left_bytes = add_up_to(kNull64, holdings.left_bytes, slot.left_bytes);
    if (slot.owner.state == SlotState::live) ++holdings.contexts;
  });
  return holdings;
}

std::uint32_t list_owners(const MachineView& world, std::uint32_t device, ContextOwner* out) {
  std::uint32_t count = 0;
  each_slot(world, device, [&](const SlotReading& slot) {
    if (slot.owner.state != SlotState::live) return;
    std::uint32_t i = 0;
    while (i < count && out[i].pid != slot.owner.pid) ++i;
    if (i == count) out[count++] = {slot.owner.pid, 0};
    out[i].bytes += slot.held_bytes;
  });
  return count;
}

std::uint64_t bytes_in_use(const MachineView& world, std::uint32_t device) {
  const std::uint64_t wanted = bytes_wanted(world, device);
  const std::uint64_t limit = capacity(world.machine->devices[device]);
  return wanted < limit ? wanted : limit;
}

std::uint64_t free_bytes(const MachineView& world, std::uint32_t device) {
  return capacity(world.machine->devices[device]) - bytes_in_use(world, device);
}

// Claims first and counts afterwards: two racing processes may both be refused, but they never both
// get the same memory. A refused one leaves nothing behind.
Claim claim_context(const MachineView& world, std::uint32_t device, bool exclusive,
                    ContextSlot** slot) {
  const Device& facts = world.machine->devices[device];
  *slot = begin_context_in_some_slot(world, device);
  if (*slot == nullptr) return Claim::out_of_memory;
  const bool in_use = exclusive && count_holdings(world, device).contexts > 1;
  if (!in_use && fits(world, device)) {
    const Owner owner = unpack((*slot)->owner.load());
    (*slot)->leaves_bytes[phase(owner)].store(facts.leak_bytes_per_context);
    return Claim::done;
  }
  release_context(*slot);
  return in_use ? Claim::in_use : Claim::out_of_memory;
}

bool grow_context(const MachineView& world, std::uint32_t device, ContextSlot* slot,
                  std::uint64_t bytes) {
  if (bytes > free_bytes(world, device)) return false;
  slot->held_bytes.fetch_add(bytes);
  if (fits(world, device)) return true;
  shrink_context(slot, bytes);
  return false;
}

void shrink_context(ContextSlot* slot, std::uint64_t bytes) { slot->held_bytes.fetch_sub(bytes); }

void release_context(ContextSlot* slot) { free_slot(slot, unpack(slot->owner.load())); }

}  // namespace gpuprobe::sim
