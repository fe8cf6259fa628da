// The call in progress: which check, which driver function, since when. It is in memory that is
// shared with the watching process, so a process that hangs or crashes has already recorded where.
// Entering a call costs one store.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

#include "driver/functions.h"
#include "driver/text.h"
#include "probes/check.h"
#include "probes/clock.h"

namespace gpuprobe::probes {

struct CurrentCall {
  std::atomic<std::uint64_t> since_ns;  // start of the check; 0 = in no check
  std::atomic<std::uint32_t> function;  // driver::FunctionId
  std::atomic<std::uint16_t> check;     // CheckId
  std::atomic<std::uint16_t> via;       // Via
  char device[48];

  void begin(CheckId id, Via via_id, const char* device_id) {
    function.store(0, std::memory_order_relaxed);
    check.store(static_cast<std::uint16_t>(id), std::memory_order_relaxed);
    via.store(static_cast<std::uint16_t>(via_id), std::memory_order_relaxed);
    driver::copy_text(device, device_id);
    since_ns.store(monotonic_ns(), std::memory_order_release);
  }
  void enter(driver::FunctionId id) {
    function.store(static_cast<std::uint32_t>(id), std::memory_order_relaxed);
  }
  void end() { since_ns.store(0, std::memory_order_release); }
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(CurrentCall) == 64);

// Calls a driver function through its table and records it as the current call. If the driver does
// not export the function, returns the library's own "not found" code.
template <auto Member, typename Table, typename... Arguments>
int ask(const Table& table, CurrentCall* where, Arguments... arguments) {
  using Function = driver::FunctionOf<Member>;
  const auto function = table.*Member;
  if (function == nullptr) return Function::missing;
  // mutation: current-call
  where->enter(Function::id);
  return function(arguments...);
}

}  // namespace gpuprobe::probes
