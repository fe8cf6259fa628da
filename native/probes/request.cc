#include "probes/request.h"

#include <string.h>

#include "driver/text.h"
#include "probes/clock.h"

namespace gpuprobe::probes {

Question::Question(const Sink& sink, CheckId check, Via via, const char* device)
    : sink_(sink), record_{}, started_ns_(monotonic_ns()) {
  record_.check = check;
  record_.via = via;
  driver::copy_text(record_.device, device);
  sink.where->begin(check, via, device);
}

void Question::answer(Api api, std::int32_t code, bool simulated) {
  answer(code == 0 ? Outcome::ok : Outcome::failed, api, code, simulated, "");
}

void Question::answer(Outcome outcome, Api api, std::int32_t code, bool simulated,
                      const char* detail) {
  record_.outcome = outcome;
  record_.api = api;
  record_.code = code;
  record_.simulated = simulated;
  record_.duration_ns = monotonic_ns() - started_ns_;
  driver::copy_text(record_.function, driver::function_name(sink_.where->function));
  driver::copy_text(record_.detail, detail);
  if (outcome != Outcome::ok && detail[0] == '\0' && sink_.printed != nullptr) {
    sink_.printed(sink_.self, record_.detail, sizeof record_.detail);
  }
  sink_.where->end();
  sink_.check(sink_.self, record_);
}

}  // namespace gpuprobe::probes
