#include "probes/nvml_session.h"

#include <stdio.h>

#include "driver/text.h"
#include "probes/loading.h"
#include "probes/registry.h"

namespace gpuprobe::probes {

using driver::kNvmlMismatch;
using driver::kNvmlSuccess;
using driver::Nvml;
using driver::NvmlReturn;

bool NvmlSession::load(const Source& source, const Sink& sink, Via via) {
  Question question(sink, CheckId::nvml_load, via);
  sink.where->enter(driver::FunctionId::dlopen);
  const driver::LoadStatus status = driver::load_nvml(search_of(source), &nvml_);
  loaded_ = answer_load(status, nvml_.library, source, &question);
  load_record_ = question.record();
  return loaded_;
}

// The kernel module's version is in /proc. The library's own version is available without a driver;
// without it, nobody knows which of the two is old.
void NvmlSession::answer_mismatch(const Sink& sink, Question* question) {
  const auto refusing = static_cast<driver::FunctionId>(sink.where->function.load());
  char version[80] = "";
  char text[sizeof version + 1] = "";
  if (ask<&Nvml::nvmlSystemGetNVMLVersion>(nvml_, sink.where, text,
                                           static_cast<unsigned>(sizeof version)) != kNvmlSuccess ||
      !driver::copy_driver_text(version, text, sizeof version)) {
    version[0] = '\0';
  }
  sink.where->enter(refusing);  // the record names the function that failed
  char printed[128] = "";
  if (sink.printed != nullptr) sink.printed(sink.self, printed, sizeof printed);
  char detail[sizeof version + sizeof printed + 16];
  snprintf(detail, sizeof detail, "%s%s%s%s", version[0] != '\0' ? "NVML library " : "", version,
           version[0] != '\0' && printed[0] != '\0' ? "; " : "", printed);
  question->answer(Outcome::failed, Api::nvml, driver::kNvmlMismatch, simulated(), detail);
}

// Uses NO_GPUS to tell "0 devices" from "Unknown Error": without it, a machine whose GPUs cannot be
// probed also returns 999.
bool NvmlSession::initialise(const Sink& sink, Via via) {
  Question question(sink, CheckId::nvml_init, via);
  const NvmlReturn code =
      nvml_.nvmlInitWithFlags != nullptr
          ? ask<&Nvml::nvmlInitWithFlags>(nvml_, sink.where, driver::kNvmlInitFlagNoGpus)
          : ask<&Nvml::nvmlInit_v2>(nvml_, sink.where);
  if (code == kNvmlMismatch) {
    answer_mismatch(sink, &question);
  } else {
    question.answer(Api::nvml, code, simulated());
  }
  init_record_ = question.record();
  initialised_ = code == kNvmlSuccess;
  return initialised_;
}

// Attaching opens /dev/nvidiaN again. In a process whose NVML was initialised before a revocation,
// this is the only call that notices it (seen with driver 535).
void NvmlSession::attach(const Sink& sink, Via via) {
  Question question(sink, CheckId::nvml_devices, via);
  unsigned count = 0;
  const NvmlReturn code = ask<&Nvml::nvmlDeviceGetCount_v2>(nvml_, sink.where, &count);
  device_count_ = code != kNvmlSuccess ? 0 : count < kMaxDevices ? count : kMaxDevices;
  for (unsigned index = 0; index < device_count_; ++index) {
    attach_one(index, sink.where);
  }
  char text[64];
  snprintf(text, sizeof text, "%u %s", count, count == 1 ? "device" : "devices");
  if (code != kNvmlSuccess) {
    question.answer(Api::nvml, code, simulated());
  } else if (count == 0) {
    question.answer(Outcome::failed, Api::probe, kNO_DEVICES, simulated(), text);
  } else if (count > kMaxDevices) {
    question.answer(Outcome::failed, Api::probe, kTOO_MANY_DEVICES, simulated(), text);
  } else {
    question.answer(Outcome::ok, Api::none, 0, simulated(), text);
  }
  devices_record_ = question.record();
}

void NvmlSession::attach_one(unsigned index, CurrentCall* where) {
  handles_[index] = nullptr;
  handle_codes_[index] =
      ask<&Nvml::nvmlDeviceGetHandleByIndex_v2>(nvml_, where, index, &handles_[index]);
  if (handle_codes_[index] == kNvmlSuccess && handles_[index] == nullptr) {
    handle_codes_[index] = kMalformed;
  }
}

void NvmlSession::attach_missing(CurrentCall* where) {
  for (unsigned index = 0; index < device_count_; ++index) {
    if (handle_codes_[index] != kNvmlSuccess) attach_one(index, where);
  }
}

bool NvmlSession::open(const Source& source, const Sink& sink, Via via, bool repeat) {
  if (!loaded_) {
    if (!load(source, sink, via)) return false;
  } else if (repeat) {
    sink.check(sink.self, load_record_);
  }
  if (!initialised_) {
    if (!initialise(sink, via)) return false;
    attach(sink, via);
    return true;
  }
  if (repeat) sink.check(sink.self, init_record_);
  // Like a failed initialisation, a failed or invalid count is not sticky.
  if (devices_record_.outcome != Outcome::ok) {
    attach(sink, via);
  } else if (repeat) {
    sink.check(sink.self, devices_record_);
  }
  return true;
}

// Reads layer 0 first, so that it belongs to the same moment.
void run_fresh_nvml(const Run& run) {
  run_nodes(run);
  NvmlSession* session = &run.session.nvml;
  if (!session->open(run.source, run.sink, run.via, false)) return;
  for (unsigned index = 0; index < session->device_count(); ++index) {
    const NvmlReturn code = session->handle_code(index);
    if (code == kNvmlSuccess) continue;
    char device[48];
    snprintf(device, sizeof device, "index:%u", index);
    Question question(run.sink, CheckId::nvml_devices, run.via, device);
    run.sink.where->enter(driver::FunctionId::nvmlDeviceGetHandleByIndex_v2);
    question.answer(Api::nvml, code, session->simulated());
  }
}

}  // namespace gpuprobe::probes
