#include "addon/worlds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <memory>
#include <string>

#include "sim/format/machine_file.h"

namespace gpuprobe::addon {
namespace {

std::string text_of(const Napi::CallbackInfo& info, std::size_t index) {
  return info[index].As<Napi::String>().Utf8Value();
}

int descriptor_of(const Napi::CallbackInfo& info) {
  return info[0].As<Napi::Number>().Int32Value();
}

// A descriptor belongs to the environment that opened it: a worker that is terminated runs no
// JavaScript that could close it.
Napi::Value owned_by(Napi::Env env, int fd) {
  const auto close_it = [](void* data) {
    const std::unique_ptr<int> owned(static_cast<int*>(data));
    close(*owned);
  };
  if (fd >= 0) napi_add_env_cleanup_hook(env, close_it, new int(fd));
  return Napi::Number::New(env, fd);
}

sim::Text as_text(const std::string& text) { return {text.data(), text.size()}; }

Napi::Value create_world(const Napi::CallbackInfo& info) {
  const std::string text = text_of(info, 0);
  const std::string json = text_of(info, 1);
  const double speed = std::round(info[2].As<Napi::Number>().DoubleValue() * sim::kMinSpeed);
  const double start_ms = info[3].As<Napi::Number>().DoubleValue();
  // NaN fails both comparisons.
  const bool sound = speed >= sim::kMinSpeed && speed <= sim::kMaxSpeed && start_ms >= 0 &&
                     start_ms <= static_cast<double>(sim::kMaxScenarioMs);
  const int fd =
      sound ? sim::create_world(as_text(text), as_text(json), static_cast<std::uint32_t>(speed),
                                static_cast<std::uint64_t>(start_ms))
            : -EINVAL;
  return owned_by(info.Env(), fd);
}

Napi::Value open_world(const Napi::CallbackInfo& info) {
  const int fd = open(text_of(info, 0).c_str(), O_RDWR | O_CLOEXEC);
  int answer = fd < 0 ? -errno : fd;
  const int error = fd < 0 ? 0 : sim::check_world(fd);
  if (error != 0) {
    close(fd);
    answer = error;
  }
  return owned_by(info.Env(), answer);
}

// Reads again if a writer came between the two reads.
int read_whole(int fd, sim::WorldReading* reading, std::string* json) {
  for (;;) {
    int error = sim::read_world(fd, reading);
    if (error != 0) return error;
    json->resize(reading->json_bytes);
    error = sim::read_world_json(fd, *reading, &(*json)[0]);
    if (error != -EAGAIN) return error;
  }
}

Napi::Value read_world(const Napi::CallbackInfo& info) {
  sim::WorldReading reading;
  std::string json;
  const int error = read_whole(descriptor_of(info), &reading, &json);
  if (error != 0) return Napi::Number::New(info.Env(), error);
  Napi::Object world = Napi::Object::New(info.Env());
  world.Set("revision", reading.revision);
  world.Set("json", json);
  world.Set("elapsedMs", static_cast<double>(reading.elapsed_ms));
  world.Set("nvmlCalls", static_cast<double>(reading.nvml_calls));
  world.Set("cudaCalls", static_cast<double>(reading.cuda_calls));
  return world;
}

Napi::Value append_world(const Napi::CallbackInfo& info) {
  const std::string text = text_of(info, 2);
  const std::string json = text_of(info, 3);
  const std::uint32_t revision = info[1].As<Napi::Number>().Uint32Value();
  return Napi::Number::New(
      info.Env(), sim::append_segment(descriptor_of(info), revision, as_text(text), as_text(json)));
}

}  // namespace

void export_worlds(Napi::Env env, Napi::Object exports) {
  exports.Set("createWorld", Napi::Function::New<create_world>(env, "createWorld"));
  exports.Set("openWorld", Napi::Function::New<open_world>(env, "openWorld"));
  exports.Set("readWorld", Napi::Function::New<read_world>(env, "readWorld"));
  exports.Set("appendWorld", Napi::Function::New<append_world>(env, "appendWorld"));
}

}  // namespace gpuprobe::addon
