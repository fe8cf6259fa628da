// The driver's own error events (Xid), as they happen. They also arrive in a container, which
// cannot read the kernel log.
#pragma once

#include "probes/nvml_session.h"

namespace gpuprobe::probes {

class Events {
 public:
  // Waits for events and reports them until a call fails, which it reports as nvml.init or
  // nvml.devices. NVML stays open for the next request.
  void listen(const Source& source, const Sink& sink, Via via);

 private:
  // Returns how many devices were registered in the set. `code` is the first failure.
  unsigned register_all(driver::NvmlEventSet set, const Sink& sink, driver::NvmlReturn* code);
  driver::NvmlReturn wait(driver::NvmlEventSet set, const Sink& sink);
  void report(const driver::NvmlEventData& data, const Sink& sink);

  NvmlSession session_;
  char uuids_[kMaxDevices][48];
};

}  // namespace gpuprobe::probes
