// The lists that NVML keeps per device: encoder sessions and processes.
#pragma once

#include "driver/nvml.h"
#include "probes/current_call.h"
#include "probes/snapshot.h"

namespace gpuprobe::probes {

// Append the device's sessions or processes to the snapshot and set the device's range and code.
void read_encoder_sessions(const driver::Nvml& nvml, CurrentCall* where, driver::NvmlDevice handle,
                           DeviceRecord* device, Snapshot* snapshot);
void read_processes(const driver::Nvml& nvml, CurrentCall* where, driver::NvmlDevice handle,
                    DeviceRecord* device, Snapshot* snapshot);

}  // namespace gpuprobe::probes
