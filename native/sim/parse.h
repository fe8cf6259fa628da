// Scenario text to Machine.
#pragma once

#include <cstddef>

#include "sim/machine.h"

namespace gpuprobe::sim {

// Room for the lists of all devices. Reserved at its largest and touched only as far as it is used.
struct Records {
  Process processes[std::size_t{kMaxDevices} * kMaxProcessesPerDevice];
  EncoderSession sessions[std::size_t{kMaxDevices} * kMaxSessionsPerDevice];
};

// Fills `machine` and `records`, which are zero, from `length` bytes of `path=value` lines. Writes
// string terminators into `text`, which must stay: the machine's names point into it. False:
// malformed.
bool parse_scenario(char* text, std::size_t length, Machine* machine, Records* records);

}  // namespace gpuprobe::sim
