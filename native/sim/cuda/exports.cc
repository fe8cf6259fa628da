#include "sim/cuda/exports.h"

namespace gpuprobe::sim {
namespace {

// Every address of the list, so that an entry point without a definition fails to link.
using AnyFunction = void (*)();
[[gnu::used]] const AnyFunction kExports[] = {
#define CUDA_SYMBOL(need, since, name, parameters) reinterpret_cast<AnyFunction>(&name),
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
};

}  // namespace
}  // namespace gpuprobe::sim
