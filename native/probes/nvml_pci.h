// A GPU's PCI address as NVML reports it.
#pragma once

#include "driver/nvml.h"
#include "probes/current_call.h"
#include "probes/snapshot.h"

namespace gpuprobe::probes {

// Writes "00000000:01:00.0", or "" and returns why. Success with "" means that the driver wrote
// nothing.
driver::NvmlReturn read_pci_bus_id(const driver::Nvml& nvml, CurrentCall* where,
                                   driver::NvmlDevice device,
                                   char (&out)[sizeof DeviceRecord::pci_bus_id]);

}  // namespace gpuprobe::probes
