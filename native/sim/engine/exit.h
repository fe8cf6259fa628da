// The library's end in a process.
#pragma once

namespace gpuprobe::sim {

// This process has opened the driver through this library: a machine that deadlocks at the exit
// does so for those.
void note_library_opened();

}  // namespace gpuprobe::sim
