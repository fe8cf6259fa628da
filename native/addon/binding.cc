// The addon's exports, one plain function each. lib/native is the only caller and has checked the
// arguments. This file checks only what could otherwise read invalid memory.
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

// This environment, and its handle in the hub. The hub keeps its own reference to the port, because
// it may be in the middle of a delivery when the environment ends.
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

// submit(inThread, kind, source, softMs, hardMs, flags, device, pciBusId): returns the request id;
// 0 if thread mode belongs to another source; 2^32 - 1 if no thread can be created.
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

// cancel(request): ends a request that waits for events.
void cancel(const Napi::CallbackInfo& info) { shared_hub().cancel(number(info, 0)); }

// hold(held): adds or removes one reason to keep this environment alive.
void hold(const Napi::CallbackInfo& info) {
  static_cast<const Listener*>(info.Data())->port->hold(info[0].As<Napi::Boolean>().Value());
}

// listen(callback): returns an object with `submit`, `cancel` and `hold`; answers to its requests
// go to the callback. It is called once each time the addon's exports are created, which test
// runners do repeatedly.
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

// bootMs(): returns milliseconds of CLOCK_BOOTTIME, which includes suspend. It uses the C API
// because every read of the last report calls it; it must not cost more than that read.
napi_value boot_ms(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(sim::boottime_ns()) / 1e6, &result);
  return result;
}

// openSource(directories, environment, worldFd, key): returns the source id, or a negative errno. A
// non-empty key names a simulated machine, and worldFd is its world; "" means the real driver, and
// worldFd is -1. The same directories, environment and key are the same source, with the world it
// was first opened with: one scenario is one machine as long as the process lives, as for the real
// one. The caller keeps ownership of the descriptor.
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

// endWarden(limitMs): for a process that exits; requests in flight get no answer.
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

// NODE_API_MODULE builds an identifier from its argument, which must therefore be unqualified.
NODE_API_MODULE(gpuprobe, initialise)

}  // namespace gpuprobe::addon
