#include "probes/nvml_pci.h"

#include <stdio.h>

#include "driver/text.h"

namespace gpuprobe::probes {

using namespace driver;

NvmlReturn read_pci_bus_id(const Nvml& nvml, CurrentCall* where, NvmlDevice device,
                           char (&out)[sizeof DeviceRecord::pci_bus_id]) {
  NvmlPciInfo pci{};
  out[0] = '\0';
  NvmlReturn code = ask<&Nvml::nvmlDeviceGetPciInfo_v3>(nvml, where, device, &pci);
  if (code == kNvmlSuccess) {
    return copy_driver_text(out, pci.bus_id, sizeof pci.bus_id) ? code : kMalformed;
  }
  if (code != kNvmlFunctionNotFound) return code;
  // Drivers before 384 have only the form with a 4-digit domain.
  code = ask<&Nvml::nvmlDeviceGetPciInfo_v2>(nvml, where, device, &pci);
  if (code != kNvmlSuccess) return code;
  char legacy[sizeof pci.bus_id_legacy];
  if (!copy_driver_text(legacy, pci.bus_id_legacy, sizeof pci.bus_id_legacy)) return kMalformed;
  if (legacy[0] != '\0') snprintf(out, sizeof out, "0000%s", legacy);
  return code;
}

}  // namespace gpuprobe::probes
