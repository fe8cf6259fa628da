// The hot path: copies the last snapshot of one source into buffers that JavaScript passed once, so
// that a read decodes no arguments and allocates nothing. A snapshot that was already read is not
// copied again.
#pragma once

#include <napi.h>

namespace gpuprobe::addon {

// openReader(source, inThread, target: Uint8Array, meta: Float64Array[5]): returns a function
// without arguments. That function returns how many bytes of `target` hold the last snapshot, 0 if
// there is none. It sets meta: generation (changes with every snapshot), age in ms, how long the
// telemetry process has been in its current call in ms (NaN if in none), and that call's check and
// function.
napi_value open_reader(napi_env env, napi_callback_info info);

}  // namespace gpuprobe::addon
