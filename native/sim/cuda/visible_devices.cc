#include "sim/cuda/visible_devices.h"

#include <string.h>

#include "sim/engine/access.h"

namespace gpuprobe::sim {
namespace {

constexpr std::size_t kUuidPrefix = sizeof "GPU-" - 1;

bool find_ordinal(const VisibleDevices& all, const char* entry, std::size_t length,
                  std::uint32_t* index) {
  std::uint32_t ordinal = 0;
  if (length == 0) return false;
  for (std::size_t i = 0; i < length; ++i) {
    if (entry[i] < '0' || entry[i] > '9') return false;
    ordinal = ordinal * 10 + static_cast<std::uint32_t>(entry[i] - '0');
    if (ordinal >= all.count) return false;
  }
  *index = all.indices[ordinal];
  return true;
}

bool find_uuid(const MachineView& world, const VisibleDevices& all, const char* entry,
               std::size_t length, std::uint32_t* index) {
  unsigned matches = 0;
  for (std::uint32_t i = 0; i < all.count; ++i) {
    if (strncmp(world.machine->devices[all.indices[i]].uuid, entry, length) != 0) continue;
    *index = all.indices[i];
    ++matches;
  }
  return matches == 1;
}

bool contains(const VisibleDevices& devices, std::uint32_t index) {
  for (std::uint32_t i = 0; i < devices.count; ++i) {
    if (devices.indices[i] == index) return true;
  }
  return false;
}

// A device off the bus gets no number. This is an assumption: no real driver was observed doing it.
VisibleDevices devices_to_number(const MachineView& world) {
  VisibleDevices all = {};
  for (std::uint32_t i = 0; i < world.machine->device_count; ++i) {
    if (!is_lost(world, world.machine->devices[i])) all.indices[all.count++] = i;
  }
  return all;
}

}  // namespace

VisibleDevices find_visible_devices(const MachineView& world, const char* variable) {
  const VisibleDevices all = devices_to_number(world);
  if (variable == nullptr) return all;
  VisibleDevices visible = {};
  for (const char* entry = variable;;) {
    while (*entry == ' ') ++entry;
    const std::size_t whole = strcspn(entry, ",");
    std::size_t length = whole;
    while (length > 0 && entry[length - 1] == ' ') --length;
    const bool by_uuid = length > kUuidPrefix && strncmp(entry, "GPU-", kUuidPrefix) == 0;
    std::uint32_t index = 0;
    const bool found = by_uuid ? find_uuid(world, all, entry, length, &index)
                               : find_ordinal(all, entry, length, &index);
    if (!found || contains(visible, index)) return visible;
    visible.indices[visible.count++] = index;
    if (entry[whole] == '\0') return visible;
    entry += whole + 1;
  }
}

}  // namespace gpuprobe::sim
