// What a probe answers: one question, one record. Records are flat, so they are sent as they are.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpuprobe::probes {

// Names in the report are in checks.def. 0 is not a check.
enum class CheckId : std::uint16_t {
  none = 0,
#define PROBE_CHECK(symbol, name) symbol,
#include "catalog/checks.def"
#undef PROBE_CHECK
};
constexpr std::uint16_t kCheckCount = 0  // ids run from 1 to this
#define PROBE_CHECK(symbol, name) +1
#include "catalog/checks.def"
#undef PROBE_CHECK
    ;

enum class Outcome : std::uint16_t {
  ok,
  failed,
  timeout,
  crashed,
  skipped,
  unsupported,
  not_probed,
};

enum class Via : std::uint16_t { layer0, telemetry, fresh, warm, thread };

// Which API `code` belongs to.
enum class Api : std::uint16_t { none, system_errno, nvml, cuda, signal, exit_status, probe };

enum ProbeCode : std::int32_t {
#define PROBE_CODE(number, name) k##name = number,
#include "catalog/probe_codes.def"
#undef PROBE_CODE
};

struct CheckRecord {
  CheckId check;
  Outcome outcome;
  Via via;
  Api api;
  std::int32_t code;
  std::uint32_t simulated;  // 1: the simulator answered
  std::uint64_t duration_ns;
  char device[48];    // as requested, or "" for the machine
  char function[48];  // the driver function that answered, or that has not returned yet
  char detail[256];   // the library's own text: dlerror, or what it printed
};
static_assert(sizeof(CheckRecord) == 24 + 48 + 48 + 256);

// A GPU as CUDA lists it; used if NVML cannot tell which GPUs exist. One of the two names may be
// "": drivers before 410 provide no UUID.
struct CudaDeviceRecord {
  char uuid[48];
  char pci_bus_id[32];  // with a 4-digit domain, where NVML writes 8 digits
  std::int32_t ordinal;
  std::uint32_t reserved;
};
static_assert(sizeof(CudaDeviceRecord) == 88);

}  // namespace gpuprobe::probes
