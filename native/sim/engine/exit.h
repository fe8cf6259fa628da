// What the library does when the process exits.
#pragma once

namespace gpuprobe::sim {

// Records that this process has opened the driver through this library. A machine that deadlocks at
// exit does so only for these processes.
void note_library_opened();

}  // namespace gpuprobe::sim
