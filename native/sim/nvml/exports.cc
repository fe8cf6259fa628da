#include "sim/nvml/exports.h"

namespace gpuprobe::sim {
namespace {

// The address of every listed function, so that one without a definition fails to link.
using AnyFunction = void (*)();
[[gnu::used]] const AnyFunction kExports[] = {
#define NVML_SYMBOL(need, since, name, parameters) reinterpret_cast<AnyFunction>(&name),
#include "driver/nvml_symbols.def"
#include "sim/nvml/extra_symbols.def"
#undef NVML_SYMBOL
};

}  // namespace
}  // namespace gpuprobe::sim
