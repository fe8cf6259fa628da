// Ages and deadlines: CLOCK_MONOTONIC, which a wall-clock jump does not touch.
#pragma once

#include <cstdint>
#include <ctime>

namespace gpuprobe::probes {

// Of the nanoseconds that times are kept in.
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;

inline std::uint64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace gpuprobe::probes
