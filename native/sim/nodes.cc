#include "sim/nodes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "driver/text.h"
#include "sim/engine/access.h"
#include "sim/engine/fields.h"
#include "sim/engine/machine_view.h"

namespace gpuprobe::sim {
namespace {

constexpr std::uint32_t kNvidiaMajor = 195;
constexpr std::uint32_t kControlMinor = 255;
constexpr std::uint32_t kUvmMajor = 510;  // assigned at module load; listed in /proc/devices

constexpr char kVersionPath[] = "/proc/driver/nvidia/version";
constexpr char kDevicesPath[] = "/proc/devices";
constexpr char kGpusPath[] = "/proc/driver/nvidia/gpus";

// A machine without the driver has no nodes and no entries in /proc and /sys.
bool enter_with_driver(MachineView* world) {
  return world->enter() && world->machine->driver_absent == 0;
}

bool find_node(const Machine& machine, const char* path, driver::NodeStat* out) {
  if (strcmp(path, "/dev/nvidiactl") == 0) {
    *out = {kNvidiaMajor, kControlMinor, true};
    return true;
  }
  if (strcmp(path, "/dev/nvidia-uvm") == 0) {
    *out = {kUvmMajor, 0, true};
    return true;
  }
  constexpr char kPrefix[] = "/dev/nvidia";
  std::uint64_t minor = 0;
  if (strncmp(path, kPrefix, sizeof kPrefix - 1) != 0) return false;
  if (!parse_unsigned(path + sizeof kPrefix - 1, kNull32, &minor)) return false;
  for (std::uint32_t i = 0; i < machine.device_count; ++i) {
    if (machine.devices[i].minor != minor) continue;
    *out = {kNvidiaMajor, static_cast<std::uint32_t>(minor), true};
    return true;
  }
  return false;
}

// A device cgroup does not restrict stat(): it still succeeds after a revocation.
int simulated_stat(const char* path, driver::NodeStat* out) {
  MachineView world;
  if (!enter_with_driver(&world)) return -ENOENT;
  if (find_node(*world.machine, path, out)) return 0;
  const char* const others[] = {"/dev", "/sys/module/nvidia", kVersionPath, kGpusPath};
  for (const char* other : others) {
    if (strcmp(path, other) != 0) continue;
    *out = {0, 0, false};
    return 0;
  }
  return -ENOENT;
}

int simulated_access(const char* path) {
  MachineView world;
  driver::NodeStat unused;
  if (!enter_with_driver(&world) || !find_node(*world.machine, path, &unused)) return -ENOENT;
  return -open_error(world);
}

// Returns the device of "/sys/bus/pci/devices/0000:01:00.0/power/runtime_status", or null.
const Device* device_of_status(const Machine& machine, const char* path) {
  for (std::uint32_t i = 0; i < machine.device_count; ++i) {
    const PciAddress& pci = machine.devices[i].pci;
    char of_device[80];
    snprintf(of_device, sizeof of_device,
             "/sys/bus/pci/devices/%04x:%02x:%02x.%x/power/runtime_status", pci.domain, pci.bus,
             pci.device, pci.function);
    if (strcmp(path, of_device) == 0) return &machine.devices[i];
  }
  return nullptr;
}

int simulated_read_file(const char* path, char* buffer, std::size_t size) {
  MachineView world;
  if (!enter_with_driver(&world)) return -ENOENT;
  const Device* device = device_of_status(*world.machine, path);
  if (device != nullptr) {
    const char* status = device->asleep != 0 ? "suspended\n" : "active\n";
    driver::copy_text(buffer, size, status, strlen(status));
    return static_cast<int>(strlen(buffer));
  }
  char text[kMaxTextBytes + 256];
  if (strcmp(path, kDevicesPath) == 0) {
    snprintf(text, sizeof text,
             "Character devices:\n  1 mem\n%u nvidia\n%u nvidiactl\n%u nvidia-uvm\n\n"
             "Block devices:\n  8 sd\n",
             kNvidiaMajor, kNvidiaMajor, kUvmMajor);
    driver::copy_text(buffer, size, text, strlen(text));
    return static_cast<int>(strlen(buffer));
  }
  if (strcmp(path, kVersionPath) != 0) return -ENOENT;
  snprintf(text, sizeof text,
           "NVRM version: NVIDIA UNIX x86_64 Kernel Module  %s  Fri Jun 20 12:00:00 UTC 2025\n"
           "GCC version:  gcc version 12.2.0\n",
           world.machine->driver_version);
  driver::copy_text(buffer, size, text, strlen(text));
  return static_cast<int>(strlen(buffer));
}

void list_nodes(const Machine& machine, void (*entry)(void*, const char*), void* context) {
  entry(context, "nvidiactl");
  entry(context, "nvidia-uvm");
  for (std::uint32_t i = 0; i < machine.device_count; ++i) {
    char name[32];
    snprintf(name, sizeof name, "nvidia%u", machine.devices[i].minor);
    entry(context, name);
  }
}

// The kernel writes PCI addresses with a 4-digit domain, NVML with 8 digits. A device off the bus
// stays listed.
void list_gpus(const Machine& machine, void (*entry)(void*, const char*), void* context) {
  for (std::uint32_t i = 0; i < machine.device_count; ++i) {
    const PciAddress& pci = machine.devices[i].pci;
    char name[32];
    snprintf(name, sizeof name, "%04x:%02x:%02x.%x", pci.domain, pci.bus, pci.device, pci.function);
    entry(context, name);
  }
}

int simulated_list(const char* directory, void (*entry)(void*, const char*), void* context) {
  MachineView world;
  if (!enter_with_driver(&world)) return -ENOENT;
  if (strcmp(directory, "/dev") == 0) {
    list_nodes(*world.machine, entry, context);
  } else if (strcmp(directory, kGpusPath) == 0) {
    list_gpus(*world.machine, entry, context);
  } else {
    return -ENOENT;
  }
  return 0;
}

}  // namespace

const driver::NodeSystem kSimulatedNodes = {simulated_stat, simulated_access, simulated_read_file,
                                            simulated_list};

}  // namespace gpuprobe::sim
