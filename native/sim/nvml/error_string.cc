// The texts of library 535, which returns "Unknown Error" for newer numbers, as for any unknown
// one.
#include "sim/nvml/exports.h"

namespace gpuprobe::sim {
namespace {

constexpr const char* kWords[] = {
    "Success",
    "Uninitialized",
    "Invalid Argument",
    "Not Supported",
    "Insufficient Permissions",
    "Already Initialized",
    "Not Found",
    "Insufficient Size",
    "Insufficient External Power",
    "Driver Not Loaded",
    "Timeout",
    "Interrupt Request Issue",
    "NVML Shared Library Not Found",
    "Function Not Found",
    "Corrupted infoROM",
    "GPU is lost",
    "GPU requires reset",
    "GPU access blocked by the operating system",
    "Driver/library version mismatch",
    "In use by another client",
    "Insufficient Memory",
    "No data",
    "vGPU ECC not supported",
    "Insufficient Resources",
    "Invalid Frequency",
    "Argument version mismatch",
    "Requested functionality has been deprecated",
    "System is not in ready state",
};

}  // namespace

extern "C" const char* nvmlErrorString(NvmlReturn code) {
  const auto number = static_cast<unsigned>(code);
  return number < sizeof kWords / sizeof kWords[0] ? kWords[number] : "Unknown Error";
}

}  // namespace gpuprobe::sim
