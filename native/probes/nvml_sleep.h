// Whether a GPU sleeps, without waking it: the kernel knows.
#pragma once

#include "probes/nvml_session.h"

namespace gpuprobe::probes {

// By the bus id as NVML writes it.
bool is_asleep(const NvmlSession& session, const char* pci_bus_id);

}  // namespace gpuprobe::probes
