#include "sim/nvml/readings.h"

#include "sim/engine/timed.h"

namespace gpuprobe::sim {
namespace {

constexpr std::uint64_t kMillisecondsPerSecond = 1000;

// The readings of a driver that answers zero to everything, with success.
constexpr Device kZeroDevice = [] {
  Device device = {};
  device.name = device.uuid = device.pci_bus_id = "";
  device.serial = device.board_part_number = device.vbios_version = "";
  return device;
}();

// Contexts change as programs run; frozen and zero readings do not.
bool are_live(const NvmlCall& call) { return call.world->machine->readings == Readings::real; }

}  // namespace

const Device* readings_of(const MachineView& world, std::uint32_t index) {
  const Machine& machine = *world.machine;
  switch (machine.readings) {
    case Readings::zero:
      return &kZeroDevice;
    case Readings::frozen:
      return &machine_at(world.scenario(), machine.readings_frozen_at_ms).devices[index];
    case Readings::real:
      break;
  }
  return &machine.devices[index];
}

std::uint64_t readings_ms(const NvmlCall& call) {
  const Machine& machine = *call.world->machine;
  return machine.readings == Readings::frozen ? machine.readings_frozen_at_ms
                                              : call.world->now_ms();
}

std::uint64_t allocated_bytes(const NvmlCall& call) {
  if (are_live(call)) return bytes_in_use(*call.world, call.index);
  const Device& device = *call.readings;
  return scenario_bytes(device, device.timed_process_count > 0 ? readings_ms(call) : 0);
}

// Each state's power times its duration, so that the sum never falls.
std::uint64_t energy_millijoules(const NvmlCall& call) {
  if (call.readings->millijoules == kNull64) return kNull64;
  if (call.world->machine->readings == Readings::zero) return 0;
  const Scenario& scenario = call.world->scenario();
  const std::uint64_t now = readings_ms(call);
  const std::uint64_t base = scenario.states[0].machine.devices[call.index].millijoules;
  std::uint64_t microjoules = 0;
  for (std::uint32_t i = 0; i < scenario.state_count; ++i) {
    const State& state = scenario.states[i];
    if (state.from_ms >= now) break;
    const bool last = i + 1 == scenario.state_count || scenario.states[i + 1].from_ms > now;
    const std::uint64_t to = last ? now : scenario.states[i + 1].from_ms;
    microjoules += state.machine.devices[call.index].milliwatts * (to - state.from_ms);
  }
  return (base == kNull64 ? 0 : base) + microjoules / kMillisecondsPerSecond;
}

std::uint32_t list_live_owners(const NvmlCall& call, ContextOwner* out) {
  return are_live(call) ? list_owners(*call.world, call.index, out) : 0;
}

}  // namespace gpuprobe::sim
