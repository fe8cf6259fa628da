// Which parts of a device's health it can answer for; the functions of their own and the field
// values say the same.
#pragma once

#include "sim/nvml/readings.h"

namespace gpuprobe::sim {

bool has_ecc(const NvmlCall& call);
// Only while ECC is on: a GPU on which it is off has counted nothing, and answers NOT_SUPPORTED.
bool has_ecc_counts(const NvmlCall& call);
bool is_ecc_count(unsigned error_type, unsigned counter_type);
std::uint64_t ecc_errors(const NvmlCall& call, unsigned error_type, unsigned counter_type);
// Not on a GPU in MIG mode.
bool has_remapped_rows(const NvmlCall& call);
bool has_retired_pages(const NvmlCall& call);

}  // namespace gpuprobe::sim
