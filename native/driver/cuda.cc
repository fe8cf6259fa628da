#include "driver/cuda.h"

namespace gpuprobe::driver {
namespace {

constexpr SymbolSlot kSlots[] = {
#define CUDA_SYMBOL(need, since, name, parameters) {#name, Need::need, since, offsetof(Cuda, name)},
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
};

}  // namespace

SymbolList cuda_symbols() { return {kSlots, sizeof kSlots / sizeof kSlots[0]}; }

LoadStatus load_cuda(const LibrarySearch& search, Cuda* cuda) {
  return load_library("libcuda.so.1", search, kSlots, sizeof kSlots / sizeof kSlots[0],
                      &cuda->library, cuda);
}

}  // namespace gpuprobe::driver
