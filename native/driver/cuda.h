// The table of CUDA entry points, generated from cuda_symbols.def.
#pragma once

#include "driver/cuda_abi.h"
#include "driver/library.h"

namespace gpuprobe::driver {

struct Cuda {
  Library library;
#define CUDA_SYMBOL(need, since, name, parameters) CudaResult(*name) parameters;
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
};

SymbolList cuda_symbols();
LoadStatus load_cuda(const LibrarySearch& search, Cuda* cuda);

}  // namespace gpuprobe::driver
