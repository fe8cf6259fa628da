// All driver state of one process, and the single entry point for its requests. A process that is
// forked for one request has a session for that request; a persistent one keeps its session.
#pragma once

#include "probes/cuda_session.h"
#include "probes/nvml_events.h"
#include "probes/nvml_session.h"
#include "probes/nvml_telemetry.h"
#include "probes/request.h"

namespace gpuprobe::probes {

// All members start as zero: a session is in zeroed memory and has no constructor.
struct Session {
  // Runs the request. Answers go to `sink` as they come. `via` is as in the report.
  void run(const ProbeRequest& request, const Source& source, const Sink& sink, Via via);

  Telemetry telemetry;
  NvmlSession nvml;  // of fresh_nvml
  Events events;
  CudaSession cuda;
  // The process holds a context that it cannot destroy. It should exit as soon as it has answered,
  // otherwise each probe takes more of the GPU's memory.
  bool leaked_context;
};

// Returns true for the record after which the request no longer enters the driver. That record may
// wait for the end of the request and be sent with it.
bool ends_request(const ProbeRequest& request, const CheckRecord& record);

}  // namespace gpuprobe::probes
