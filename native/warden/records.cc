#include "warden/records.h"

#include <signal.h>
#include <sys/wait.h>

#include "driver/text.h"
#include "probes/clock.h"
#include "probes/session.h"

namespace gpuprobe::warden {

using probes::Api;
using probes::CheckId;
using probes::CheckRecord;
using probes::Outcome;
using probes::ProbeRequest;

// Builds a record for a process that did not answer itself.
CheckRecord record_for(const ProbeRequest& request, const probes::CurrentCall* where,
                       Outcome outcome, Api api, std::int32_t code) {
  CheckRecord record{};
  record.check = probes::kind_info(request.kind).check;
  record.via = probes::kind_info(request.kind).via;
  record.outcome = outcome;
  record.api = api;
  record.code = code;
  driver::copy_text(record.device, request.device);
  if (where == nullptr || where->since_ns.load(std::memory_order_acquire) == 0) return record;
  // Written by a process that a driver may have corrupted: used only if in range.
  const auto check = where->check.load(std::memory_order_relaxed);
  if (check > 0 && check <= probes::kCheckCount) {
    record.check = static_cast<CheckId>(check);
  }
  driver::copy_text(record.function,
                    driver::function_name(where->function.load(std::memory_order_relaxed)));
  return record;
}

CheckRecord exit_record(const Child& child, int status) {
  const bool signalled = WIFSIGNALED(status);
  // A SIGKILL that the warden did not send came from the kernel or a person, not from the driver.
  const bool taken = signalled && WTERMSIG(status) == SIGKILL && !child.killed;
  CheckRecord record = taken ? record_for(child.asked, child.current_call(), Outcome::not_probed,
                                          Api::probe, probes::kKILLED)
                             : record_for(child.asked, child.current_call(), Outcome::crashed,
                                          signalled ? Api::signal : Api::exit_status,
                                          signalled ? WTERMSIG(status) : WEXITSTATUS(status));
  record.duration_ns = probes::monotonic_ns() - child.asked_ns;
  return record;
}

}  // namespace gpuprobe::warden
