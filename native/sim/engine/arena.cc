#include "sim/engine/arena.h"

#include <sys/mman.h>

namespace gpuprobe::sim {

struct Arena::Chunk {
  Chunk* next;
  std::size_t bytes;
  std::size_t used;
};

namespace {

constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;
constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kAlignment = alignof(std::max_align_t);

constexpr std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

void* Arena::take(std::size_t bytes) {
  bytes = round_up(bytes, kAlignment);
  if (chunk_ == nullptr || bytes > chunk_->bytes - chunk_->used) {
    constexpr std::size_t kHead = round_up(sizeof(Chunk), kAlignment);
    const std::size_t wanted = round_up(bytes + kHead, kPageBytes);
    const std::size_t size = wanted > kChunkBytes ? wanted : kChunkBytes;
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    Chunk* chunk = static_cast<Chunk*>(memory);
    *chunk = {chunk_, size, kHead};
    chunk_ = chunk;
  }
  void* piece = reinterpret_cast<char*>(chunk_) + chunk_->used;
  chunk_->used += bytes;
  return piece;
}

void Arena::free_all() {
  while (chunk_ != nullptr) {
    Chunk* next = chunk_->next;
    munmap(chunk_, chunk_->bytes);
    chunk_ = next;
  }
}

}  // namespace gpuprobe::sim
