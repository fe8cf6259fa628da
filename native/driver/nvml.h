// The table of NVML entry points, generated from nvml_symbols.def.
#pragma once

#include "driver/library.h"
#include "driver/nvml_abi.h"

namespace gpuprobe::driver {

struct Nvml {
  Library library;
#define NVML_SYMBOL(need, since, name, parameters) NvmlReturn(*name) parameters;
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
};

SymbolList nvml_symbols();
LoadStatus load_nvml(const LibrarySearch& search, Nvml* nvml);

}  // namespace gpuprobe::driver
