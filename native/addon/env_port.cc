#include "addon/env_port.h"

#include <cstring>
#include <memory>
#include <vector>

namespace gpuprobe::addon {
namespace {

// On its way to the environment's thread.
struct Message {
  std::uint32_t request;
  wire::FrameType type;
  std::vector<unsigned char> payload;
};

}  // namespace

EnvPort::EnvPort(Napi::Env env, Napi::Function callback) : env_(env) {
  const napi_value name = Napi::String::New(env, "gpuprobe");
  const napi_status status = napi_create_threadsafe_function(
      env, callback, nullptr, name, 0, 1, nullptr, nullptr, nullptr, call, &function_);
  if (status != napi_ok) throw Napi::Error::New(env, "napi_create_threadsafe_function failed");
  napi_unref_threadsafe_function(env, function_);
}

void EnvPort::deliver(std::uint32_t request, wire::FrameType type, const void* payload,
                      std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(payload);
  auto message = std::make_unique<Message>(Message{request, type, {bytes, bytes + size}});
  const std::lock_guard<std::mutex> lock(gate_);
  // mutation: torn-down-flag/flag
  if (!open_) return;
  if (napi_call_threadsafe_function(function_, message.get(), napi_tsfn_nonblocking) == napi_ok) {
    static_cast<void>(message.release());  // `call` owns it
  }
}

void EnvPort::hold(bool held) {
  if (held && holders_++ == 0) napi_ref_threadsafe_function(env_, function_);
  if (!held && holders_ > 0 && --holders_ == 0) napi_unref_threadsafe_function(env_, function_);
}

void EnvPort::close() {
  const std::lock_guard<std::mutex> lock(gate_);
  if (!open_) return;
  open_ = false;
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
}

// Uses the C API and its status codes: an exception during an environment's teardown would abort.
void EnvPort::call(napi_env env, napi_value callback, void*, void* data) {
  const std::unique_ptr<Message> message(static_cast<Message*>(data));
  if (env == nullptr || callback == nullptr) return;  // teardown: only free
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value arguments[3];
  void* bytes = nullptr;
  napi_value receiver;
  const bool made =
      napi_create_uint32(env, message->request, &arguments[0]) == napi_ok &&
      napi_create_uint32(env, static_cast<std::uint32_t>(message->type), &arguments[1]) ==
          napi_ok &&
      napi_create_arraybuffer(env, message->payload.size(), &bytes, &arguments[2]) == napi_ok &&
      napi_get_undefined(env, &receiver) == napi_ok;
  if (made) {
    if (!message->payload.empty()) {
      std::memcpy(bytes, message->payload.data(), message->payload.size());
    }
    napi_value result;
    napi_call_function(env, receiver, callback, 3, arguments, &result);
  }
  napi_close_handle_scope(env, scope);
}

}  // namespace gpuprobe::addon
