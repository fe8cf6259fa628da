// NVML as one process uses it: loaded and initialised once, never shut down. Cycling init and
// shutdown hangs drivers (NVIDIA/go-nvml#152, 570.x), and a shutdown that races a call crashes
// (nvitop#223). A process that is done calls _exit instead.
#pragma once

#include "driver/nvml.h"
#include "probes/request.h"
#include "probes/snapshot.h"

namespace gpuprobe::probes {

class NvmlSession {
 public:
  // Loads and initialises NVML and attaches the devices, unless already done. A failed
  // initialisation is not sticky in the library and is retried at the next call. Reports nvml.load,
  // nvml.init and nvml.devices as they happen, or again if `repeat` is set. Returns false if NVML
  // cannot be loaded or initialised.
  bool open(const Source& source, const Sink& sink, Via via, bool repeat);

  // Attaches the devices again whose handle could not be got.
  void attach_missing(CurrentCall* where);
  // Marks the handle as invalid, so that the device is attached again.
  void forget_handle(unsigned index) { handle_codes_[index] = kMalformed; }

  const driver::Nvml& nvml() const { return nvml_; }
  bool simulated() const { return nvml_.library.simulator != nullptr; }
  unsigned device_count() const { return device_count_; }
  driver::NvmlDevice handle(unsigned index) const { return handles_[index]; }
  driver::NvmlReturn handle_code(unsigned index) const { return handle_codes_[index]; }

 private:
  bool load(const Source& source, const Sink& sink, Via via);
  bool initialise(const Sink& sink, Via via);
  void answer_mismatch(const Sink& sink, Question* question);
  void attach(const Sink& sink, Via via);
  void attach_one(unsigned index, CurrentCall* where);

  driver::Nvml nvml_;
  bool loaded_;
  bool initialised_;
  unsigned device_count_;
  driver::NvmlDevice handles_[kMaxDevices];
  driver::NvmlReturn handle_codes_[kMaxDevices];
  CheckRecord load_record_;
  CheckRecord init_record_;
  CheckRecord devices_record_;
};

}  // namespace gpuprobe::probes
