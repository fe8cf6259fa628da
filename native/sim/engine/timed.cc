#include "sim/engine/timed.h"

namespace gpuprobe::sim {
namespace {

std::uint64_t times_ended(const Process& process, std::uint64_t ms) {
  if (ms < process.to_ms) return 0;
  return process.every_ms == kNull64 ? 1 : (ms - process.to_ms) / process.every_ms + 1;
}

std::uint64_t product_up_to(std::uint64_t limit, std::uint64_t a, std::uint64_t b) {
  return b != 0 && a > limit / b ? limit : a * b;
}

}  // namespace

bool is_timed(const Process& process) {
  return process.from_ms != 0 || process.to_ms != kNull64 || process.every_ms != kNull64;
}

bool exists(const Process& process, std::uint64_t ms) {
  if (ms < process.from_ms) return false;
  if (process.every_ms == kNull64) return ms < process.to_ms;
  return (ms - process.from_ms) % process.every_ms < process.to_ms - process.from_ms;
}

bool exists(const Device& device, const EncoderSession& session, std::uint64_t ms) {
  bool timed = false;
  for (std::uint32_t i = 0; device.timed_process_count > 0 && i < device.process_count; ++i) {
    const Process& process = device.processes[i];
    if (process.pid != session.pid || !is_timed(process)) continue;
    if (exists(process, ms)) return true;
    timed = true;
  }
  return !timed;
}

std::uint64_t scenario_bytes(const Device& device, std::uint64_t ms) {
  const std::uint64_t limit = capacity(device);
  std::uint64_t bytes = device.used_bytes;
  for (std::uint32_t i = 0; device.timed_process_count > 0 && i < device.process_count; ++i) {
    const Process& process = device.processes[i];
    if (!is_timed(process)) continue;
    const std::uint64_t left = product_up_to(limit, times_ended(process, ms), process.leaves_bytes);
    bytes = add_up_to(limit, bytes, left);
    const bool counted = process.used_bytes != kNull64 && exists(process, ms);
    bytes = add_up_to(limit, bytes, counted ? process.used_bytes : 0);
  }
  return bytes;
}

}  // namespace gpuprobe::sim
