// Simulated machines for JavaScript: created, opened, read and changed, by descriptor.
//   createWorld(text, json, speed, startMs)   a descriptor; speed: scenario seconds per second
//   openWorld(path)                           a descriptor; checked to be a world
//   readWorld(fd)                             { revision, json, elapsedMs, nvmlCalls, cudaCalls };
//                                             elapsedMs: scenario milliseconds
//   appendWorld(fd, revision, text, json)     0; -EAGAIN: another writer was first, read again
// All return a negative errno on failure. `text` is what the simulator reads
// (native/sim/SCENARIO.md), `json` what the next writer continues from. A descriptor is closed when
// the environment that opened it ends.
#pragma once

#include <napi.h>

namespace gpuprobe::addon {

void export_worlds(Napi::Env env, Napi::Object exports);

}  // namespace gpuprobe::addon
