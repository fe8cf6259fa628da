#include "sim/nvml/outputs.h"

#include <string.h>

namespace gpuprobe::sim {
namespace {

// A count that a driver may claim and that still fits in an int.
constexpr unsigned kAbsurdCount = 0x7FFFFFFF;
// A list of pure garbage is at most this long, whatever room the caller has.
constexpr unsigned kMostNoise = 4096;

// Reports more than the room, by much or by little. Nothing is written past the room.
NvmlReturn write_out_absurd_list(const NvmlCall& call, const ListOut& out) {
  const unsigned room = *out.count;
  const std::uint64_t random = next_random(call);
  const bool little = (random & 1) != 0 && room < kMostNoise;
  *out.count = little ? room + 1 + static_cast<unsigned>(random >> 1 & 7) : kNull32;
  if (room == 0) return out.on_query;
  if (out.elements == nullptr) return driver::kNvmlInvalidArgument;
  memset(out.elements, 0, (room < kMostNoise ? room : kMostNoise) * out.stride);
  return driver::kNvmlSuccess;
}

NvmlReturn write_out_noise(const NvmlCall& call, const ListOut& out) {
  const unsigned room = *out.count;
  scramble(call, out.count, sizeof *out.count);
  if (room > 0 && out.elements != nullptr) {
    scramble(call, out.elements, (room < kMostNoise ? room : kMostNoise) * out.stride);
  }
  return driver::kNvmlSuccess;
}

}  // namespace

NvmlReturn write_out_text(const NvmlCall& call, const char* text, char* out, unsigned length) {
  if (text == nullptr) return driver::kNvmlNotSupported;
  if (out == nullptr) return driver::kNvmlInvalidArgument;
  const std::size_t needed = strlen(text) + 1;
  if (needed > length) return driver::kNvmlInsufficientSize;
  memcpy(out, text, needed);
  corrupt_text(call, out, length);
  return driver::kNvmlSuccess;
}

NvmlReturn write_out_count(const NvmlCall& call, unsigned value, unsigned* out) {
  const bool absurd = call.corruption.effect == Effect::absurd_count;
  return write_out(call, absurd ? kAbsurdCount : value, out);
}

bool begin_list(const NvmlCall& call, const ListOut& out, unsigned have, NvmlReturn* code) {
  *code = driver::kNvmlInvalidArgument;
  if (out.count == nullptr) return false;
  if (call.corruption.effect == Effect::absurd_count) {
    *code = write_out_absurd_list(call, out);
    return false;
  }
  if (call.corruption.effect == Effect::garbage) {
    *code = write_out_noise(call, out);
    return false;
  }
  const unsigned room = *out.count;
  *out.count = have;
  if (have > 0 && room > 0 && room < have) {
    *code = driver::kNvmlInsufficientSize;
  } else if (have == 0 || room == 0) {
    *code = have == 0 ? driver::kNvmlSuccess : out.on_query;
  } else if (out.elements != nullptr) {
    *code = driver::kNvmlSuccess;
    return true;
  }
  return false;
}

}  // namespace gpuprobe::sim
