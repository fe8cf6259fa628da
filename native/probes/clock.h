// Ages and deadlines use CLOCK_MONOTONIC, which wall-clock jumps do not change.
#pragma once

#include <cstdint>
#include <ctime>

namespace gpuprobe::probes {

// In nanoseconds, the unit of all times here.
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;

inline std::uint64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace gpuprobe::probes
