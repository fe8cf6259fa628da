// Everything one process may hold of the driver, and the one entry through which it is asked. A
// process that is forked for one request has a session for that request; a persistent one keeps it.
#pragma once

#include "probes/cuda_session.h"
#include "probes/nvml_events.h"
#include "probes/nvml_session.h"
#include "probes/nvml_telemetry.h"
#include "probes/request.h"

namespace gpuprobe::probes {

// All members are zero at the start: a session lies in zeroed memory and has no constructor.
class Session {
 public:
  // Asks what the request says; answers go to `sink` as they come. `via` as in the report.
  void run(const ProbeRequest& request, const Source& source, const Sink& sink, Via via);

  // The process holds something of the driver that it cannot give back, a context: it should end as
  // soon as it has answered, or each probe takes more of the GPU's memory.
  bool leaked_context() const { return leaked_context_; }

 private:
  void run_nodes(const Source& source, const Sink& sink, Via via);
  void run_cuda(const ProbeRequest& request, const Source& source, const Sink& sink, Via via);

  Telemetry telemetry_;
  NvmlSession nvml_;  // of fresh_nvml
  Events events_;
  CudaSession cuda_;
  bool leaked_context_;
};

// True for the record after which the request enters the driver no more: it may wait for the end of
// the request and travel with it.
bool ends_request(const ProbeRequest& request, const CheckRecord& record);

// The `via` of a kind that runs in a process of its own.
Via via_of(ProbeKind kind);
LibraryId library_of(ProbeKind kind);
// The check that a request is about, for when its process never said where it is.
CheckId main_check(ProbeKind kind);

}  // namespace gpuprobe::probes
