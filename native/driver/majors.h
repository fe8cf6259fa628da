// The major numbers that the kernel assigned to NVIDIA's character devices, as /proc/devices lists
// them. nvidia-uvm's can change with each kernel, and a node made for the previous one leads
// nowhere (NVIDIA/nvidia-container-toolkit#1934).
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

// If the file cannot be read or is not in the kernel's format, no major is known.
NvidiaMajors read_majors(const NodeSystem& system);

}  // namespace gpuprobe::driver
