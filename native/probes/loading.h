// Loading a driver library as a check: nvml.load and cuda.load.
#pragma once

#include "driver/library.h"
#include "probes/request.h"

namespace gpuprobe::probes {

inline driver::LibrarySearch search_of(const Source& source) {
  return {source.directories, source.world_fd >= 0};
}

// Answers `question` from the loader's status, and attaches a simulator to its machine. Returns
// true if the library is usable.
bool answer_load(driver::LoadStatus status, const driver::Library& library, const Source& source,
                 Question* question);

}  // namespace gpuprobe::probes
