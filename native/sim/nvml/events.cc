// Event sets. Nothing happens on a simulated machine that an event would tell of; nvidia-smi makes
// a set before it reads anything, and gives up without.
#include "sim/nvml/process.h"

namespace gpuprobe::sim {

// What a set points to.
struct NvmlEventSetHandle {
  std::atomic<bool> in_use;
};

namespace {

constexpr std::size_t kMaxSets = 64;
NvmlEventSetHandle sets[kMaxSets];

bool release(NvmlEventSet set) {
  for (NvmlEventSetHandle& one : sets) {
    if (&one == set) return one.in_use.exchange(false);
  }
  return false;
}

}  // namespace

extern "C" {

NvmlReturn nvmlEventSetCreate(NvmlEventSet* set) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlEventSetCreate, &call);
  if (refused != 0) return refused;
  if (set == nullptr) return driver::kNvmlInvalidArgument;
  for (NvmlEventSetHandle& one : sets) {
    if (one.in_use.exchange(true)) continue;
    return give(call, NvmlEventSet{&one}, set);
  }
  return kNvmlInsufficientMemory;
}

NvmlReturn nvmlEventSetFree(NvmlEventSet set) {
  NvmlCall call;
  const NvmlReturn refused = enter_nvml(Function::nvmlEventSetFree, &call);
  if (refused != 0) return refused;
  return release(set) ? driver::kNvmlSuccess : driver::kNvmlInvalidArgument;
}

}  // extern "C"

}  // namespace gpuprobe::sim
