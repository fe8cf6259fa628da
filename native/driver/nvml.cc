#include "driver/nvml.h"

namespace gpuprobe::driver {
namespace {

constexpr SymbolSlot kSlots[] = {
#define NVML_SYMBOL(need, since, name, parameters) {#name, Need::need, since, offsetof(Nvml, name)},
#include "driver/nvml_symbols.def"
#undef NVML_SYMBOL
};

}  // namespace

SymbolList nvml_symbols() { return {kSlots, sizeof kSlots / sizeof kSlots[0]}; }

LoadStatus load_nvml(const LibrarySearch& search, Nvml* nvml) {
  return load_library("libnvidia-ml.so.1", search, kSlots, sizeof kSlots / sizeof kSlots[0],
                      &nvml->library, nvml);
}

}  // namespace gpuprobe::driver
