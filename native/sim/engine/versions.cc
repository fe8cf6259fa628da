#include "sim/engine/versions.h"

#include <stdlib.h>
#include <string.h>

namespace gpuprobe::sim {

bool versions_differ(const Machine& machine) {
  const char* dot = strchr(machine.nvml_version, '.');
  return dot == nullptr || strcmp(dot + 1, machine.driver_version) != 0;
}

bool writes_wide_processes(const Machine& machine) {
  constexpr unsigned long kBranch = 535;
  constexpr unsigned long kFirst = 43;
  constexpr unsigned long kLast = 86;
  char* rest = nullptr;
  if (strtoul(machine.driver_version, &rest, 10) != kBranch || *rest != '.') return false;
  const unsigned long minor = strtoul(rest + 1, nullptr, 10);
  return minor >= kFirst && minor <= kLast;
}

}  // namespace gpuprobe::sim
