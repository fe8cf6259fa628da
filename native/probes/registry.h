// Which probe handles a kind of request: run_KIND for each line of catalog/kinds.def. If a kind has
// no function, linking fails.
#pragma once

#include "probes/session.h"

namespace gpuprobe::probes {

// One request, as passed to its probe.
struct Run {
  Session& session;
  const ProbeRequest& request;
  const Source& source;
  const Sink& sink;
  Via via;
};

#define PROBE_KIND(symbol, ...) void run_##symbol(const Run& run);
#include "catalog/kinds.def"
#undef PROBE_KIND

}  // namespace gpuprobe::probes
