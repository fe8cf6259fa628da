// Records that the warden builds for a process that did not answer: from the request, from the call
// that the process recorded as its current one, and from how it ended.
#pragma once

#include "probes/check.h"
#include "probes/request.h"
#include "warden/children.h"

namespace gpuprobe::warden {

// `where` is null if no process was asked.
probes::CheckRecord record_for(const probes::ProbeRequest& request,
                               const probes::CurrentCall* where, probes::Outcome outcome,
                               probes::Api api, std::int32_t code);

// For a child that exited with a request in flight. `status` is from waitpid.
probes::CheckRecord exit_record(const Child& child, int status);

}  // namespace gpuprobe::warden
