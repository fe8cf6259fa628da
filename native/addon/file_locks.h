// Locks on single bytes of a file, of the kind that belongs to an open file description (OFD
// locks): the kernel lets go of one when its last descriptor is closed, however its process ended,
// and two openings of one file compete even within a process.
//   lockByte(fd, offset)           0; -EAGAIN: another has it
//   unlockByte(fd, offset)         0
//   isLocked(fd, offset, length)   1: another opening has one of these bytes; 0: none has
// Each answers with a negative errno where it fails, and none waits. The bytes need not be there.
#pragma once

#include <napi.h>

namespace gpuprobe::addon {

void export_file_locks(Napi::Env env, Napi::Object exports);

}  // namespace gpuprobe::addon
