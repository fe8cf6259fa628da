#include "probes/nvml_sleep.h"

#include <string.h>

#include "driver/nodes.h"
#include "driver/simulator.h"
#include "driver/text.h"

namespace gpuprobe::probes {
namespace {

// NVML's domain has this many more digits than the kernel's.
constexpr std::size_t kLongDomain = 4;

}  // namespace

bool is_asleep(const NvmlSession& session, const char* pci_bus_id) {
  if (strlen(pci_bus_id) < kLongDomain) return false;
  char bus_id[32];
  driver::copy_text(bus_id, sizeof bus_id, pci_bus_id + kLongDomain,
                    strlen(pci_bus_id + kLongDomain));
  for (char* c = bus_id; *c != '\0'; ++c) {
    if (*c >= 'A' && *c <= 'F') *c = static_cast<char>(*c - 'A' + 'a');
  }
  const driver::Simulator* simulator = session.nvml().library.simulator;
  return driver::gpu_sleeps(simulator != nullptr ? *simulator->nodes : driver::kernel_nodes(),
                            bus_id);
}

}  // namespace gpuprobe::probes
