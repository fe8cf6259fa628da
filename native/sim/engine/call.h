// One call of a simulated function.
#pragma once

#include "sim/engine/machine_view.h"

namespace gpuprobe::sim {

// What a fault does to the answers of the call that it hit.
struct Corruption {
  Effect effect = Effect::none;
  std::uint64_t random = 0;
};

struct Call {
  MachineView seen;
  const MachineView* world = &seen;
  std::uint32_t index = kNull32;  // of the device, on the machine
  mutable Corruption corruption;
};

// Fills a buffer with the call's next random bytes.
void scramble(const Call& call, void* out, std::size_t bytes);

// Returns the call's next random number.
std::uint64_t next_random(const Call& call);

// Fills a text to its last byte, without a terminator.
void leave_unterminated(void* out, std::size_t bytes);

// Returns a number, handle or struct as the call hands it out. Only `garbage` changes these.
template <typename T>
T corrupt(const Call& call, T value) {
  struct {
    T value;
  } out = {value};
  if (call.corruption.effect == Effect::garbage) scramble(call, &out, sizeof out);
  return out.value;
}

// Must be called on each text that a call has written.
inline void corrupt_text(const Call& call, void* out, std::size_t bytes) {
  if (call.corruption.effect == Effect::garbage) scramble(call, out, bytes);
  if (call.corruption.effect == Effect::unterminated) leave_unterminated(out, bytes);
}

}  // namespace gpuprobe::sim
