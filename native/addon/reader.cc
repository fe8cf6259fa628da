#include "addon/reader.h"

#include <cmath>
#include <memory>

#include "addon/shared_hub.h"
#include "probes/clock.h"

namespace gpuprobe::addon {
namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;

struct Reader {
  SnapshotCursor cursor;
  double* meta = nullptr;
  // Keep the buffers alive as long as the function that fills them.
  napi_ref target_reference = nullptr;
  napi_ref meta_reference = nullptr;
};

napi_value read(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_value result = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data) != napi_ok) return nullptr;
  auto* reader = static_cast<Reader*>(data);
  SnapshotCursor& cursor = reader->cursor;
  const bool found = shared_hub().read(&cursor);
  const std::uint64_t now_ns = probes::monotonic_ns();
  const auto since = [now_ns](std::uint64_t then_ns) {
    return static_cast<double>(now_ns - then_ns) / kNanosecondsPerMillisecond;
  };
  reader->meta[0] = static_cast<double>(cursor.generation);
  reader->meta[1] = found ? since(cursor.published_ns) : NAN;
  reader->meta[2] = cursor.in_call_since_ns != 0 ? since(cursor.in_call_since_ns) : NAN;
  reader->meta[3] = cursor.in_check;
  reader->meta[4] = cursor.in_function;
  napi_create_uint32(env, found ? cursor.size : 0, &result);
  return result;
}

void close_reader(napi_env env, void* data, void*) {
  const std::unique_ptr<Reader> reader(static_cast<Reader*>(data));
  napi_delete_reference(env, reader->target_reference);
  napi_delete_reference(env, reader->meta_reference);
}

bool take_arguments(napi_env env, napi_callback_info info, Reader* reader) {
  std::size_t count = 4;
  napi_value arguments[4];
  napi_typedarray_type type;
  std::size_t meta_length = 0;
  void* meta = nullptr;
  SnapshotCursor& cursor = reader->cursor;
  const bool valid =
      napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) == napi_ok && count == 4 &&
      napi_get_value_uint32(env, arguments[0], &cursor.source) == napi_ok &&
      napi_get_value_bool(env, arguments[1], &cursor.in_thread) == napi_ok &&
      napi_get_typedarray_info(env, arguments[2], &type, &cursor.capacity, &cursor.target, nullptr,
                               nullptr) == napi_ok &&
      type == napi_uint8_array &&
      napi_get_typedarray_info(env, arguments[3], &type, &meta_length, &meta, nullptr, nullptr) ==
          napi_ok &&
      type == napi_float64_array && meta_length >= 5;
  reader->meta = static_cast<double*>(meta);
  return valid &&
         napi_create_reference(env, arguments[2], 1, &reader->target_reference) == napi_ok &&
         napi_create_reference(env, arguments[3], 1, &reader->meta_reference) == napi_ok;
}

}  // namespace

napi_value open_reader(napi_env env, napi_callback_info info) {
  auto reader = std::make_unique<Reader>();
  napi_value function = nullptr;
  const bool made =
      take_arguments(env, info, reader.get()) &&
      napi_create_function(env, "read", NAPI_AUTO_LENGTH, read, reader.get(), &function) ==
          napi_ok &&
      napi_add_finalizer(env, function, reader.get(), close_reader, nullptr, nullptr) == napi_ok;
  if (!made) {
    napi_throw_type_error(env, nullptr, "openReader(source, inThread, Uint8Array, Float64Array)");
    return nullptr;
  }
  static_cast<void>(reader.release());  // close_reader owns it
  return function;
}

}  // namespace gpuprobe::addon
