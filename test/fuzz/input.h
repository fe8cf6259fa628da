// A fuzzer's bytes as the decisions of a target: taken from the front, then zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace gpuprobe::fuzz {

class Input {
 public:
  Input(const std::uint8_t* bytes, std::size_t size) : at_(bytes), left_(size) {}

  bool empty() const { return left_ == 0; }

  template <typename T>
  T take() {
    T value{};
    const std::size_t size = sizeof value < left_ ? sizeof value : left_;
    if (size > 0) memcpy(&value, at_, size);
    at_ += size;
    left_ -= size;
    return value;
  }

  // As many bytes as the 16-bit length before them says, or as are left.
  std::vector<std::uint8_t> take_block() { return take_bytes(take<std::uint16_t>()); }
  std::vector<std::uint8_t> take_rest() { return take_bytes(left_); }

 private:
  std::vector<std::uint8_t> take_bytes(std::size_t size) {
    if (size > left_) size = left_;
    std::vector<std::uint8_t> bytes(at_, at_ + size);
    at_ += size;
    left_ -= size;
    return bytes;
  }

  const std::uint8_t* at_;
  std::size_t left_;
};

// Traps, which libFuzzer reports, if the condition does not hold.
#define MUST(condition)                 \
  do {                                  \
    if (!(condition)) __builtin_trap(); \
  } while (0)

}  // namespace gpuprobe::fuzz
