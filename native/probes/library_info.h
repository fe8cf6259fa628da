// What the driver's libraries are, and which functions they have: loaded, and not entered. For
// `gpuprobe doctor`.
#pragma once

#include "probes/request.h"

namespace gpuprobe::probes {

// Tells of libnvidia-ml.so.1, then of libcuda.so.1.
void read_library_info(const Source& source, const Sink& sink, Via via);

}  // namespace gpuprobe::probes
