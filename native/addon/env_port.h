// A port into one JavaScript environment: a threadsafe function behind a gate. The gate is a mutex
// and a flag that an environment cleanup hook clears. Without it, a call after a worker's teardown
// crashes (nodejs/node#55706; SIGSEGV on Node 20). Closing waits for a delivery in progress, never
// for a probe.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "wire/frame.h"

namespace gpuprobe::addon {

class EnvPort final {
 public:
  // `callback(request, type, payload)` is called on the environment's thread.
  EnvPort(Napi::Env env, Napi::Function callback);

  void deliver(std::uint32_t request, wire::FrameType type, const void* payload, std::size_t size);

  // JavaScript thread. Adds or removes one reason to keep this environment alive: a promise that
  // somebody waits for keeps it alive until it settles. Nothing else here does.
  void hold(bool held);
  void close();

 private:
  static void call(napi_env env, napi_value callback, void* context, void* data);

  Napi::Env env_;
  std::mutex gate_;
  bool open_ = true;
  napi_threadsafe_function function_ = nullptr;
  unsigned holders_ = 0;  // JavaScript thread only
};

}  // namespace gpuprobe::addon
