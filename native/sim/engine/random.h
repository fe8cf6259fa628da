// Reproducible random numbers: SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cstdint>

namespace gpuprobe::sim {

constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;

constexpr std::uint64_t mix(std::uint64_t state) {
  state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9;
  state = (state ^ state >> 27) * 0x94D049BB133111EB;
  return state ^ state >> 31;
}

}  // namespace gpuprobe::sim
