// The major numbers that the kernel gave NVIDIA's character devices, as /proc/devices lists them.
// nvidia-uvm's is another with each kernel, and a node that was made for the last one leads nowhere
// (NVIDIA/nvidia-container-toolkit#1934).
#pragma once

#include <cstdint>

namespace gpuprobe::driver {

struct NodeSystem;

struct Major {
  bool known;
  std::uint32_t number;
};

struct NvidiaMajors {
  Major control;
  Major gpu;
  Major uvm;
};

// A file that cannot be read, or is not as the kernel writes it, makes nothing known.
NvidiaMajors read_majors(const NodeSystem& system);

}  // namespace gpuprobe::driver
