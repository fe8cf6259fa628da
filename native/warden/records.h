// What the warden answers on behalf of a process that did not: from the request, from the word that
// the process left of where it was, and from how it ended.
#pragma once

#include "probes/check.h"
#include "probes/request.h"
#include "warden/children.h"

namespace gpuprobe::warden {

// `where` may be null: no process was asked.
probes::CheckRecord record_for(const probes::ProbeRequest& request,
                               const probes::CurrentCall* where, probes::Outcome outcome,
                               probes::Api api, std::int32_t code);

// For a child that ended with a request in flight; `status` as of waitpid.
probes::CheckRecord exit_record(const Child& child, int status);

}  // namespace gpuprobe::warden
