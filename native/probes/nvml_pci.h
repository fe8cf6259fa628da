// Where a GPU is on the PCI bus, by NVML.
#pragma once

#include "driver/nvml.h"
#include "probes/current_call.h"
#include "probes/snapshot.h"

namespace gpuprobe::probes {

// "00000000:01:00.0", or "" and why not. A success with "" is one of a driver that wrote nothing.
driver::NvmlReturn read_pci_bus_id(const driver::Nvml& nvml, CurrentCall* where,
                                   driver::NvmlDevice device,
                                   char (&out)[sizeof DeviceRecord::pci_bus_id]);

}  // namespace gpuprobe::probes
