// Memory that is allocated piece by piece and freed all at once: everything of one revision of a
// machine. Comes directly from mmap: a simulated driver call may run in a process that was forked
// in the middle of a malloc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpuprobe::sim {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Returns zeroed memory, aligned for any type, or null if out of memory.
  void* take(std::size_t bytes);

  template <typename T>
  T* take_array(std::size_t count) {
    return static_cast<T*>(take(count * sizeof(T)));
  }

  // Frees all pieces. The arena can be used again.
  void free_all();

 private:
  struct Chunk;
  Chunk* chunk_ = nullptr;  // the current chunk, followed by the full ones
};

}  // namespace gpuprobe::sim
