// The simulator's arena, with a separate allocation for each piece, so that a write past a piece is
// detected. In one shared chunk it would only overwrite its neighbour.
#include <stdlib.h>

#include "sim/engine/arena.h"

namespace gpuprobe::sim {

struct Arena::Chunk {
  Chunk* next;
  void* piece;
};

void* Arena::take(std::size_t bytes) {
  auto* chunk = static_cast<Chunk*>(malloc(sizeof(Chunk)));
  void* piece = calloc(1, bytes);
  if (chunk == nullptr || piece == nullptr) abort();
  *chunk = {chunk_, piece};
  chunk_ = chunk;
  return piece;
}

void Arena::free_all() {
  while (chunk_ != nullptr) {
    Chunk* next = chunk_->next;
    free(chunk_->piece);
    free(chunk_);
    chunk_ = next;
  }
}

}  // namespace gpuprobe::sim
