// Reads every part of a scenario, as the simulated driver would.
#pragma once

#include <cstdint>
#include <cstring>

#include "sim/engine/machine.h"

namespace gpuprobe::fuzz {

inline std::size_t length_of(const char* text) { return text == nullptr ? 0 : strlen(text); }

inline std::uint64_t walk(const sim::Machine& machine) {
  std::uint64_t sum = length_of(machine.driver_version) + length_of(machine.nvml_version);
  for (std::uint32_t i = 0; i < machine.device_count; ++i) {
    const sim::Device& device = machine.devices[i];
    sum += length_of(device.name) + length_of(device.uuid) + length_of(device.pci_bus_id) +
           length_of(device.serial) + length_of(device.vbios_version);
    for (std::uint32_t k = 0; k < device.process_count; ++k) {
      sum += length_of(device.processes[k].name) + device.processes[k].pid;
    }
    for (std::uint32_t k = 0; k < device.session_count; ++k) sum += device.sessions[k].pid;
  }
  for (const std::uint32_t first : machine.first_fault) {
    for (std::uint32_t next = first; next != 0; next = machine.faults[next - 1].next) ++sum;
  }
  return sum;
}

inline std::uint64_t walk(const sim::Scenario& scenario) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < scenario.state_count; ++i) {
    const sim::State& state = scenario.states[i];
    sum += walk(sim::machine_at(scenario, state.from_ms));
  }
  return sum;
}

}  // namespace gpuprobe::fuzz
