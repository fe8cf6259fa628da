// Simulated machines for JavaScript: made, found, read and changed, by descriptor.
//   createWorld(text, json, speed, startMs)   a descriptor; speed: scenario seconds in a second
//   openWorld(path)                           a descriptor; checked to be a world
//   readWorld(fd)                             { revision, json, elapsedMs }; scenario milliseconds
//   appendWorld(fd, revision, text, json)     0; -EAGAIN: another writer was first, read it again
// Each answers with a negative errno where it fails. `text` is what the simulator reads
// (native/sim/SCENARIO.md), `json` what the next writer is given to go on from. Descriptors are the
// caller's to close.
#pragma once

#include <napi.h>

namespace gpuprobe::addon {

void export_worlds(Napi::Env env, Napi::Object exports);

}  // namespace gpuprobe::addon
