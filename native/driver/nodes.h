// Layer 0: what the kernel says about the driver without entering it. Takes microseconds, cannot
// hang in the driver, and detects the container failure by itself: a device cgroup answers
// access(R_OK|W_OK) with EPERM, even to root, while stat() and existsSync() still succeed (real
// cgroups of version 1 and 2 do so).
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpuprobe::driver {

constexpr std::size_t kMaxNodes = 80;
constexpr std::size_t kMaxKernelGpus = 64;

struct NodeStat {
  std::uint32_t major;
  std::uint32_t minor;
  bool character_device;
};

// The system calls used. Each returns 0 (or a length) or a negative errno.
struct NodeSystem {
  int (*stat)(const char* path, NodeStat* out);
  int (*access)(const char* path);  // R_OK | W_OK
  int (*read_file)(const char* path, char* buffer, std::size_t size);
  // Calls `entry` for each name in the directory.
  int (*list)(const char* directory, void (*entry)(void* context, const char* name), void* context);
};

// The running kernel.
const NodeSystem& kernel_nodes();

struct NodeFact {
  char path[56];
  std::int32_t stat_errno;    // 0 = exists
  std::int32_t access_errno;  // 0 = can be opened; ENODEV = not NVIDIA's device
  std::uint32_t major;
  std::uint32_t minor;
  std::uint32_t character_device;
  std::uint32_t expected_known;  // 1: /proc/devices lists the major of NVIDIA's device
  std::uint32_t expected_major;
  std::uint32_t expected_minor;
};

struct NodesFacts {
  std::uint32_t module_loaded;  // /sys/module/nvidia or /proc/driver/nvidia/version exists
  std::uint32_t wsl;            // /dev/dxg: the driver of WSL2
  std::uint32_t node_count;
  std::uint32_t gpu_count;  // GPUs that the kernel driver lists in /proc/driver/nvidia/gpus
  std::uint32_t truncated;  // more nodes or GPUs than fit
  std::uint32_t reserved;
  char kernel_driver_version[64];           // "" = not readable
  char gpus[kMaxKernelGpus][16];            // PCI bus ids, "0000:01:00.0"
  std::uint8_t gpu_sleeps[kMaxKernelGpus];  // 1: runtime power management has suspended it
  NodeFact nodes[kMaxNodes];
};

// Returns true if runtime power management has suspended the GPU with this PCI bus id (4-digit
// domain). The kernel can tell without waking it; every driver call about the GPU would wake it.
bool gpu_sleeps(const NodeSystem& system, const char* pci_bus_id);

// Fills `facts` from `system`. Always completes: a failed system call is recorded as a fact.
void read_nodes(const NodeSystem& system, NodesFacts* facts);

}  // namespace gpuprobe::driver
