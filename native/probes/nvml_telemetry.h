// NVML's devices and telemetry: what the devices are and what they are doing. A failed call costs
// only its own fields.
#pragma once

#include "probes/nvml_session.h"

namespace gpuprobe::probes {

class Telemetry {
 public:
  // Takes one snapshot and reports nvml.telemetry, once for the machine and once for each device
  // that could not be read. Returns false if NVML cannot be opened, which was then reported.
  bool take(const Source& source, const Sink& sink, Via via, std::uint16_t flags);

 private:
  void read_system(CurrentCall* where);
  void read_device(unsigned index, std::uint16_t flags, CurrentCall* where);
  // Returns true if the device is suspended and must stay so. It then has no readings.
  bool leave_asleep(unsigned index);
  void read_identity(unsigned index, CurrentCall* where);
  bool has_own_uuid(unsigned index) const;
  void report(const Sink& sink, Via via, Question* question);

  NvmlSession session_;
  bool system_known_;
  bool identity_known_[kMaxDevices];
  Snapshot snapshot_;
};

}  // namespace gpuprobe::probes
