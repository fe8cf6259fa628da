// The addon's exports, one plain function each. lib/native is the only caller and has checked the
// arguments; what is checked here is what would otherwise read memory that is not there.
#include <napi.h>

#include <cstring>

#include "addon/env_port.h"
#include "addon/file_locks.h"
#include "addon/hub.h"
#include "addon/layout.h"
#include "addon/reader.h"
#include "addon/worlds.h"
#include "driver/text.h"
#include "driver/world.h"

namespace gpuprobe::addon {
namespace {

using Port = std::shared_ptr<EnvPort>;

void close_port(void* data) {
  const std::unique_ptr<Port> port(static_cast<Port*>(data));
  Hub::instance().forget(port->get());
  (*port)->close();
}

// listen(callback): where this environment's answers go.
void listen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (env.GetInstanceData<Port>() != nullptr) throw Napi::Error::New(env, "already listening");
  auto port = std::make_shared<EnvPort>(env, info[0].As<Napi::Function>());
  env.SetInstanceData(new Port(port));
  napi_add_env_cleanup_hook(env, close_port, new Port(port));
}

// openSource(directories, environment, worldFd, key): the source's id, or a negative errno. A key
// that is not empty names a simulated machine, whose world is behind the descriptor; "": the real
// driver, and the descriptor is -1. The same directories, environment and key are the same source,
// with the world that it was first opened with: one scenario is one machine for as long as the
// process lives, as the real one is. The descriptor stays the caller's.
Napi::Value open_source(const Napi::CallbackInfo& info) {
  SourceSpec spec;
  spec.directories = info[0].As<Napi::String>().Utf8Value();
  const auto environment = info[1].As<Napi::Array>();
  for (std::uint32_t i = 0; i < environment.Length(); ++i) {
    spec.environment.push_back(environment.Get(i).ToString().Utf8Value());
  }
  spec.world_key = info[3].As<Napi::String>().Utf8Value();
  const int world_fd = info[2].As<Napi::Number>().Int32Value();
  return Napi::Number::New(info.Env(), Hub::instance().add_source(spec, world_fd));
}

void set_warden_path(const Napi::CallbackInfo& info) {
  Hub::instance().set_warden_path(info[0].As<Napi::String>().Utf8Value());
}

std::uint32_t number(const Napi::CallbackInfo& info, std::size_t index) {
  return info[index].As<Napi::Number>().Uint32Value();
}

// submit(inThread, kind, source, softMs, hardMs, flags, device): the request's id; 0: thread mode
// belongs to another source; 2^32 - 1: no thread to be had.
Napi::Value submit(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Port* port = env.GetInstanceData<Port>();
  if (port == nullptr) throw Napi::Error::New(env, "not listening");
  probes::ProbeRequest request{};
  request.kind = static_cast<probes::ProbeKind>(number(info, 1));
  request.source = number(info, 2);
  request.soft_ms = number(info, 3);
  request.hard_ms = number(info, 4);
  request.flags = static_cast<std::uint16_t>(number(info, 5));
  driver::copy_text(request.device, info[6].As<Napi::String>().Utf8Value().c_str());
  const bool in_thread = info[0].As<Napi::Boolean>().Value();
  return Napi::Number::New(env, Hub::instance().submit(in_thread, request, *port));
}

// hold(held): whether this environment stays alive for its answers.
void hold(const Napi::CallbackInfo& info) {
  Port* port = info.Env().GetInstanceData<Port>();
  if (port != nullptr) (*port)->hold(info[0].As<Napi::Boolean>().Value());
}

// Milliseconds of CLOCK_BOOTTIME, which also passes while the machine sleeps. The C API: what is
// asked on every read of the last report is not to cost more than that read.
napi_value boot_ms(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(driver::boottime_ns()) / 1e6, &result);
  return result;
}

Napi::Value warden_pid(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Hub::instance().warden_pid());
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("hold", Napi::Function::New<hold>(env, "hold"));
  exports.Set("layout", describe_layout(env));
  exports.Set("listen", Napi::Function::New<listen>(env, "listen"));
  exports.Set("openSource", Napi::Function::New<open_source>(env, "openSource"));
  exports.Set("setWardenPath", Napi::Function::New<set_warden_path>(env, "setWardenPath"));
  exports.Set("submit", Napi::Function::New<submit>(env, "submit"));
  exports.Set("wardenPid", Napi::Function::New<warden_pid>(env, "wardenPid"));
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
