// Loading a driver library as a question with an answer: nvml.load and cuda.load.
#pragma once

#include "driver/library.h"
#include "probes/request.h"

namespace gpuprobe::probes {

inline driver::LibrarySearch search_of(const Source& source) {
  return {source.directories, source.world_fd >= 0};
}

// Answers `question` for what the loader said, and gives a simulator its machine. True: usable.
bool answer_load(driver::LoadStatus status, const driver::Library& library, const Source& source,
                 Question* question);

}  // namespace gpuprobe::probes
