#include "sim/engine/access.h"

#include <errno.h>

namespace gpuprobe::sim {
namespace {

std::uint64_t devices_on_the_bus(const Machine& machine) {
  std::uint64_t devices = 0;
  for (std::uint32_t i = 0; i < machine.device_count; ++i) {
    if (machine.devices[i].lost != Lost::yes) devices |= std::uint64_t{1} << i;
  }
  return devices;
}

void note(const MachineView& world, std::atomic<std::uint64_t>* opened, std::uint64_t devices) {
  opened->fetch_or(devices, std::memory_order_acq_rel);
  const std::uint64_t all = devices_on_the_bus(*world.machine);
  const std::uint64_t both = world.runtime->nvml_opened.load(std::memory_order_acquire) &
                             world.runtime->cuda_opened.load(std::memory_order_acquire);
  if ((both & all) == all) world.runtime->warm.store(1, std::memory_order_release);
}

}  // namespace

int open_error(const MachineView& world) {
  const Machine& machine = *world.machine;
  if (machine.driver_absent != 0) return ENOENT;
  if (machine.access == Access::revoked) return EPERM;
  if (machine.access == Access::revoked_when_warm &&
      world.runtime->warm.load(std::memory_order_acquire) != 0) {
    return EPERM;
  }
  return 0;
}

void note_nvml_opened(const MachineView& world, std::uint64_t devices) {
  note(world, &world.runtime->nvml_opened, devices);
}

void note_cuda_opened(const MachineView& world, std::uint64_t devices) {
  note(world, &world.runtime->cuda_opened, devices);
}

}  // namespace gpuprobe::sim
