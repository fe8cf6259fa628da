// Code that runs after the fork, in a process that enters the driver and may hang or crash there.
#pragma once

#include <sys/types.h>

#include "probes/request.h"
#include "warden/sources.h"
#include "wire/page.h"

namespace gpuprobe::warden {

struct ChildPlan {
  const RegisteredSource* source;
  probes::ProbeRequest first;
  std::uint32_t first_id;
  int socket;
  pid_t warden;
  probes::CurrentCall* where;
  wire::Page* page;  // telemetry only
  bool persistent;   // serves more requests; otherwise exits after the first
};

// Never returns and never runs exit handlers: a driver's handler may deadlock, as libEGL_nvidia's
// did in exit() of a streaming service.
[[noreturn]] void run_child(const ChildPlan& plan);

}  // namespace gpuprobe::warden
