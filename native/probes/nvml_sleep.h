// Whether a GPU is suspended, read from the kernel, which does not wake it.
#pragma once

#include "probes/nvml_session.h"

namespace gpuprobe::probes {

// `pci_bus_id` is in NVML's form.
bool is_asleep(const NvmlSession& session, const char* pci_bus_id);

}  // namespace gpuprobe::probes
