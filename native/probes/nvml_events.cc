#include "probes/nvml_events.h"

#include <string.h>

#include "driver/text.h"
#include "probes/registry.h"

namespace gpuprobe::probes {
namespace {

using namespace driver;

// nvmlEventSetWait_v2 is called in a loop, as NVIDIA's device plugin does: a wait without a timeout
// could not be told from a hang.
constexpr unsigned kWaitMs = 5000;

}  // namespace

unsigned Events::register_all(NvmlEventSet set, const Sink& sink, NvmlReturn* code) {
  const Nvml& nvml = session_.nvml();
  unsigned registered = 0;
  for (unsigned index = 0; index < session_.device_count(); ++index) {
    if (session_.handle_code(index) != kNvmlSuccess) continue;
    const NvmlDevice handle = session_.handle(index);
    char uuid[sizeof uuids_[index] + 1] = "";
    uuids_[index][0] = '\0';
    if (ask<&Nvml::nvmlDeviceGetUUID>(nvml, sink.where, handle, uuid,
                                      static_cast<unsigned>(sizeof uuids_[index])) ==
        kNvmlSuccess) {
      copy_driver_text(uuids_[index], uuid, sizeof uuids_[index]);
    }
    unsigned long long supported = 0;
    NvmlReturn result =
        ask<&Nvml::nvmlDeviceGetSupportedEventTypes>(nvml, sink.where, handle, &supported);
    const unsigned long long wanted = supported & kNvmlEventXidCriticalError;
    if (result == kNvmlSuccess && wanted == 0) result = kNvmlNotSupported;
    if (result == kNvmlSuccess) {
      result = ask<&Nvml::nvmlDeviceRegisterEvents>(nvml, sink.where, handle, wanted, set);
    }
    registered += result == kNvmlSuccess;
    if (result != kNvmlSuccess && *code == kNvmlSuccess) *code = result;
  }
  return registered;
}

void Events::report(const NvmlEventData& data, const Sink& sink) {
  if ((data.event_type & kNvmlEventXidCriticalError) == 0) return;
  EventRecord record{};
  record.kind = EventKind::xid;
  record.simulated = session_.simulated();
  record.code = data.event_data;
  for (unsigned index = 0; index < session_.device_count(); ++index) {
    const bool same =
        session_.handle_code(index) == kNvmlSuccess && session_.handle(index) == data.device;
    if (same) copy_text(record.device, uuids_[index]);
  }
  sink.event(sink.self, record);
}

NvmlReturn Events::wait(NvmlEventSet set, const Sink& sink) {
  for (;;) {
    NvmlEventData data{};
    const NvmlReturn code =
        ask<&Nvml::nvmlEventSetWait_v2>(session_.nvml(), sink.where, set, &data, kWaitMs);
    if (code == kNvmlSuccess) report(data, sink);
    if (code != kNvmlSuccess && code != kNvmlTimeout) return code;
  }
}

void Events::listen(const Source& source, const Sink& sink, Via via) {
  if (sink.event == nullptr) return;
  if (!session_.open(source, sink, via, false)) return;
  Question question(sink, CheckId::nvml_devices, via);
  NvmlEventSet set = nullptr;
  NvmlReturn code = ask<&Nvml::nvmlEventSetCreate>(session_.nvml(), sink.where, &set);
  if (code != kNvmlSuccess || set == nullptr) {
    question.answer(Outcome::failed, Api::nvml, code != kNvmlSuccess ? code : kMalformed,
                    session_.simulated(), "");
    return;
  }
  if (register_all(set, sink, &code) == 0) {
    ask<&Nvml::nvmlEventSetFree>(session_.nvml(), sink.where, set);
    question.answer(Outcome::failed, Api::nvml, code, session_.simulated(), "");
    return;
  }
  const EventRecord listening = {EventKind::listening, session_.simulated(), 0, ""};
  sink.event(sink.self, listening);
  code = wait(set, sink);
  ask<&Nvml::nvmlEventSetFree>(session_.nvml(), sink.where, set);
  sink.where->enter(FunctionId::nvmlEventSetWait_v2);
  question.answer(Api::nvml, code, session_.simulated());
}

void run_events(const Run& run) { run.session.events.listen(run.source, run.sink, run.via); }

}  // namespace gpuprobe::probes
