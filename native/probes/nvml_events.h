// The driver's own word of its errors (Xid), as they happen: also in a container, which cannot read
// the kernel's log.
#pragma once

#include "probes/nvml_session.h"

namespace gpuprobe::probes {

class Events {
 public:
  // Waits and reports until something fails, which it says as nvml.init or nvml.devices. NVML stays
  // open for the next time.
  void listen(const Source& source, const Sink& sink, Via via);

 private:
  // How many devices the set has; the first refusal is told in `code`.
  unsigned register_all(driver::NvmlEventSet set, const Sink& sink, driver::NvmlReturn* code);
  driver::NvmlReturn wait(driver::NvmlEventSet set, const Sink& sink);
  void report(const driver::NvmlEventData& data, const Sink& sink);

  NvmlSession session_;
  char uuids_[kMaxDevices][48];
};

}  // namespace gpuprobe::probes
