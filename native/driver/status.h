// Our own tables of status names: the libraries do not know every number that drivers return.
#pragma once

#include <cstddef>

namespace gpuprobe::driver {

struct StatusName {
  int code;
  const char* name;
};

// "NVML_ERROR_…" and "CUDA_ERROR_…" by number. A number that is not in the table has no name.
const StatusName* nvml_status_names(std::size_t* count);
const StatusName* cuda_status_names(std::size_t* count);

}  // namespace gpuprobe::driver
