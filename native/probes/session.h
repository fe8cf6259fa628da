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
struct Session {
  // Asks what the request says; answers go to `sink` as they come. `via` as in the report.
  void run(const ProbeRequest& request, const Source& source, const Sink& sink, Via via);

  Telemetry telemetry;
  NvmlSession nvml;  // of fresh_nvml
  Events events;
  CudaSession cuda;
  // The process holds something of the driver that it cannot give back, a context: it should end as
  // soon as it has answered, or each probe takes more of the GPU's memory.
  bool leaked_context;
};

// True for the record after which the request enters the driver no more: it may wait for the end of
// the request and travel with it.
bool ends_request(const ProbeRequest& request, const CheckRecord& record);

}  // namespace gpuprobe::probes
