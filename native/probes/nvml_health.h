// Health readings that change slowly: ECC, remapped rows, retired pages, the PCIe link.
#pragma once

#include "driver/nvml.h"
#include "probes/current_call.h"
#include "probes/snapshot.h"

namespace gpuprobe::probes {

void read_health(const driver::Nvml& nvml, CurrentCall* where, driver::NvmlDevice handle,
                 DeviceRecord* device);

}  // namespace gpuprobe::probes
