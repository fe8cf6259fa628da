// Memory that is given out piece by piece and taken back at once: all that one revision of a
// machine consists of. Straight from the kernel: a simulated driver call may come from a process
// that was forked in the middle of an allocation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpuprobe::sim {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Zeroed and aligned for anything; null when there is no memory.
  void* take(std::size_t bytes);

  template <typename T>
  T* take_array(std::size_t count) {
    return static_cast<T*>(take(count * sizeof(T)));
  }

  // All pieces at once. The arena can be used again.
  void free_all();

 private:
  struct Chunk;
  Chunk* chunk_ = nullptr;  // the one being given out of, before the full ones
};

}  // namespace gpuprobe::sim
