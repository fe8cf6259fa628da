// Bounded text. The warden links no C++ runtime, so there is no std::string below the addon. A
// string from a driver may lack its terminator.
#pragma once

#include <cstddef>
#include <cstring>

namespace gpuprobe::driver {

// Copies at most `length` bytes and always terminates.
inline void copy_text(char* out, std::size_t size, const char* text, std::size_t length) {
  const std::size_t kept = length < size - 1 ? length : size - 1;
  std::memcpy(out, text, kept);
  out[kept] = '\0';
}

template <std::size_t N>
void copy_text(char (&out)[N], const char* text) {
  copy_text(out, N, text, strnlen(text, N));
}

// Copies what a driver wrote. Returns false if the string has no terminator or contains unprintable
// characters; it is then not a reading.
template <std::size_t N>
bool copy_driver_text(char (&out)[N], const char* text, std::size_t size) {
  const std::size_t length = strnlen(text, size);
  bool printable = length < size;
  for (std::size_t i = 0; i < length; ++i) {
    if (text[i] < 0x20 || text[i] == 0x7f) printable = false;
  }
  copy_text(out, N, printable ? text : "", printable ? length : 0);
  return printable;
}

}  // namespace gpuprobe::driver
