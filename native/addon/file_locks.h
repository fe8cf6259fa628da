// Locks on single bytes of a file that belong to an open file description (OFD locks). The kernel
// releases such a lock when its last descriptor is closed, however the process ended. Two openings
// of one file compete even within a process.
//   lockByte(fd, offset)           0; -EAGAIN: held by another opening
//   unlockByte(fd, offset)         0
//   isLocked(fd, offset, length)   1: another opening holds one of these bytes; 0: none
// All return a negative errno on failure, and none blocks. The bytes may lie beyond the end of the
// file.
#pragma once

#include <napi.h>

namespace gpuprobe::addon {

void export_file_locks(Napi::Env env, Napi::Object exports);

}  // namespace gpuprobe::addon
