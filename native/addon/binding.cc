// The addon's exports, one plain function each. lib/native is the only caller and has checked the
// arguments; what is checked here is what would otherwise read memory that is not there.
#include <napi.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "addon/env_port.h"
#include "addon/file_locks.h"
#include "addon/layout.h"
#include "addon/reader.h"
#include "addon/shared_hub.h"
#include "addon/worlds.h"
#include "driver/text.h"
#include "sim/format/machine_file.h"

namespace gpuprobe::addon {
namespace {

// This environment, and how the hub knows it. The hub keeps its own reference, since it may be in
// the middle of a delivery when the environment ends.
struct Listener {
  std::shared_ptr<EnvPort> port;
  void* handle;
};

void deliver(void* self, std::uint32_t request, std::uint32_t type, const void* payload,
             std::size_t size) {
  const auto& port = *static_cast<std::shared_ptr<EnvPort>*>(self);
  port->deliver(request, static_cast<wire::FrameType>(type), payload, size);
}

void release(void* self) {
  const std::unique_ptr<std::shared_ptr<EnvPort>> port(
      static_cast<std::shared_ptr<EnvPort>*>(self));
}

void stop_listening(void* data) {
  const std::unique_ptr<Listener> listener(static_cast<Listener*>(data));
  listener->port->close();
  shared_hub().close_port(listener->handle);
}

std::uint32_t number(const Napi::CallbackInfo& info, std::size_t index) {
  return info[index].As<Napi::Number>().Uint32Value();
}

// submit(inThread, kind, source, softMs, hardMs, flags, device, pciBusId): the request's id; 0:
// thread mode belongs to another source; 2^32 - 1: no thread to be had.
Napi::Value submit(const Napi::CallbackInfo& info) {
  const auto* listener = static_cast<const Listener*>(info.Data());
  probes::ProbeRequest request{};
  request.kind = static_cast<probes::ProbeKind>(number(info, 1));
  request.source = number(info, 2);
  request.soft_ms = number(info, 3);
  request.hard_ms = number(info, 4);
  request.flags = static_cast<std::uint16_t>(number(info, 5));
  driver::copy_text(request.device, info[6].As<Napi::String>().Utf8Value().c_str());
  driver::copy_text(request.pci_bus_id, info[7].As<Napi::String>().Utf8Value().c_str());
  return Napi::Number::New(info.Env(), shared_hub().submit(info[0].As<Napi::Boolean>().Value(),
                                                           &request, listener->handle));
}

// cancel(request): ends one that waits for events.
void cancel(const Napi::CallbackInfo& info) { shared_hub().cancel(number(info, 0)); }

// hold(held): one more, or one less, for whom this environment stays alive.
void hold(const Napi::CallbackInfo& info) {
  static_cast<const Listener*>(info.Data())->port->hold(info[0].As<Napi::Boolean>().Value());
}

// listen(callback): a line to the hub, which has `submit`, `cancel` and `hold`; where the answers
// go to what is asked on it. One for each time that the addon's exports were made anew, which test
// runners do.
Napi::Value listen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto port = std::make_shared<EnvPort>(env, info[0].As<Napi::Function>());
  const PortView view = {new std::shared_ptr<EnvPort>(port), deliver, release};
  auto* listener = new Listener{port, shared_hub().open_port(&view)};
  napi_add_env_cleanup_hook(env, stop_listening, listener);
  Napi::Object line = Napi::Object::New(env);
  line.Set("submit", Napi::Function::New(env, submit, "submit", listener));
  line.Set("cancel", Napi::Function::New(env, cancel, "cancel", listener));
  line.Set("hold", Napi::Function::New(env, hold, "hold", listener));
  return line;
}

// Milliseconds of CLOCK_BOOTTIME, which also passes while the machine sleeps. The C API: what is
// asked on every read of the last report is not to cost more than that read.
napi_value boot_ms(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(sim::boottime_ns()) / 1e6, &result);
  return result;
}

// openSource(directories, environment, worldFd, key): the source's id, or a negative errno. A key
// that is not empty names a simulated machine, whose world is behind the descriptor; "": the real
// driver, and the descriptor is -1. The same directories, environment and key are the same source,
// with the world that it was first opened with: one scenario is one machine for as long as the
// process lives, as the real one is. The descriptor stays the caller's.
Napi::Value open_source(const Napi::CallbackInfo& info) {
  const std::string directories = info[0].As<Napi::String>().Utf8Value();
  const auto variables = info[1].As<Napi::Array>();
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < variables.Length(); ++i) {
    texts.push_back(variables.Get(i).ToString().Utf8Value());
  }
  std::vector<const char*> environment;
  environment.reserve(texts.size() + 1);
  for (const std::string& text : texts) environment.push_back(text.c_str());
  environment.push_back(nullptr);
  const std::string key = info[3].As<Napi::String>().Utf8Value();
  const int world_fd = info[2].As<Napi::Number>().Int32Value();
  const SourceView view = {directories.c_str(), environment.data(), key.c_str(), world_fd};
  return Napi::Number::New(info.Env(), shared_hub().add_source(&view));
}

void take_warden_path(const Napi::CallbackInfo& info) {
  set_warden_path(info[0].As<Napi::String>().Utf8Value());
}

Napi::Value warden_pid(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), shared_hub().warden_pid());
}

// endWarden(limitMs): for whoever exits; what was asked gets no answer any more.
void end_warden(const Napi::CallbackInfo& info) { shared_hub().end_warden(number(info, 0)); }

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("layout", describe_layout(env));
  exports.Set("listen", Napi::Function::New<listen>(env, "listen"));
  exports.Set("openSource", Napi::Function::New<open_source>(env, "openSource"));
  exports.Set("setWardenPath", Napi::Function::New<take_warden_path>(env, "setWardenPath"));
  exports.Set("wardenPid", Napi::Function::New<warden_pid>(env, "wardenPid"));
  exports.Set("endWarden", Napi::Function::New<end_warden>(env, "endWarden"));
  export_worlds(env, exports);
  export_file_locks(env, exports);
  napi_value read = nullptr;
  napi_create_function(env, "openReader", NAPI_AUTO_LENGTH, open_reader, nullptr, &read);
  exports.Set("openReader", Napi::Value(env, read));
  napi_value clock = nullptr;
  napi_create_function(env, "bootMs", NAPI_AUTO_LENGTH, boot_ms, nullptr, &clock);
  exports.Set("bootMs", Napi::Value(env, clock));
  return exports;
}

}  // namespace

// The macro below pastes its argument into a name of its own, so it takes no qualified one.
NODE_API_MODULE(gpuprobe, initialise)

}  // namespace gpuprobe::addon
