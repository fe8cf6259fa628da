// A call of an NVML function, and how it answers. Everything that it writes for its caller passes
// through here, so that a fault can corrupt it.
#pragma once

#include "sim/engine/faults.h"
#include "sim/nvml/exports.h"

namespace gpuprobe::sim {

// Codes that only the simulator returns.
constexpr NvmlReturn kNvmlNotFound = 6;
constexpr NvmlReturn kNvmlLibRmVersionMismatch = 18;
constexpr NvmlReturn kNvmlInsufficientMemory = 20;
constexpr NvmlReturn kNvmlArgumentVersionMismatch = 25;

// For a process that is in no MIG instance.
constexpr std::uint32_t kNoMigInstance = 0xFFFFFFFFu;

struct NvmlCall : Call {
  const Device* readings = nullptr;  // what the device reports, which need not be its true state
};

// Writes a number or a struct.
template <typename T>
NvmlReturn write_out(const NvmlCall& call, T value, T* out) {
  if (out == nullptr) return driver::kNvmlInvalidArgument;
  *out = corrupt(call, value);
  return driver::kNvmlSuccess;
}

// Writes a number that the model may not have.
inline NvmlReturn write_out_known(const NvmlCall& call, std::uint32_t value, unsigned* out) {
  return value == kNull32 ? driver::kNvmlNotSupported : write_out(call, value, out);
}

// Writes a string and its terminator. Returns INSUFFICIENT_SIZE if it does not fit, NOT_SUPPORTED
// if null.
NvmlReturn write_out_text(const NvmlCall& call, const char* text, char* out, unsigned length);

// Writes the number of items that the caller then reads one by one.
NvmlReturn write_out_count(const NvmlCall& call, unsigned value, unsigned* out);

// A list in the caller's array.
struct ListOut {
  unsigned* count;  // in: the room; out: the number of items
  void* elements;
  std::size_t stride;
  NvmlReturn on_query;  // returned if the room is 0 and the list is not empty
};

// Sets count and code for a list of `have` elements. Returns true if the elements must now be
// written.
bool begin_list(const NvmlCall& call, const ListOut& out, unsigned have, NvmlReturn* code);

// Calls `write(element)` once for each element, in order.
template <typename Write>
NvmlReturn write_out_list(const NvmlCall& call, const ListOut& out, unsigned have, Write write) {
  NvmlReturn code = driver::kNvmlSuccess;
  if (!begin_list(call, out, have, &code)) return code;
  for (unsigned i = 0; i < have; ++i) write(static_cast<char*>(out.elements) + i * out.stride);
  return code;
}

}  // namespace gpuprobe::sim
