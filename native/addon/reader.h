// The hot path: the last snapshot of one source into buffers that JavaScript gave once, so that a
// read decodes no arguments and allocates nothing. A snapshot that was read before is not copied
// again.
#pragma once

#include <napi.h>

namespace gpuprobe::addon {

// openReader(source, inThread, target: Uint8Array, meta: Float64Array[3]): a function without
// arguments. It answers how many bytes of `target` hold the last snapshot, 0 when there is none,
// and sets meta: generation (it changes with every snapshot), age in ms, how long the telemetry
// process has been in its call in ms (NaN: it is in none).
napi_value open_reader(napi_env env, napi_callback_info info);

}  // namespace gpuprobe::addon
