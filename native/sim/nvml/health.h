// Which parts of a device's health it can report. The separate functions and the field values
// agree.
#pragma once

#include "sim/nvml/readings.h"

namespace gpuprobe::sim {

bool has_ecc(const NvmlCall& call);
// Only while ECC is enabled: a GPU with ECC disabled has counted nothing and answers NOT_SUPPORTED.
bool has_ecc_counts(const NvmlCall& call);
bool is_ecc_count(unsigned error_type, unsigned counter_type);
std::uint64_t ecc_errors(const NvmlCall& call, unsigned error_type, unsigned counter_type);
// False in MIG mode.
bool has_remapped_rows(const NvmlCall& call);
bool has_retired_pages(const NvmlCall& call);

}  // namespace gpuprobe::sim
