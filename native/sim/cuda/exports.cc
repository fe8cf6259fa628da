#include "sim/cuda/exports.h"

namespace gpuprobe::sim {
namespace {

// The address of every listed function, so that one without a definition fails to link.
using AnyFunction = void (*)();
[[gnu::used]] const AnyFunction kExports[] = {
#define CUDA_SYMBOL(need, since, name, parameters) reinterpret_cast<AnyFunction>(&name),
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
};

}  // namespace
}  // namespace gpuprobe::sim
