// The kinds of requests, as catalog/kinds.def declares them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "probes/check.h"

namespace gpuprobe::probes {

enum class ProbeKind : std::uint16_t {
  none = 0,
#define PROBE_KIND(symbol, ...) symbol,
#include "catalog/kinds.def"
#undef PROBE_KIND
};
constexpr std::uint16_t kKindCount = 0  // kinds run from 1 to this
#define PROBE_KIND(...) +1
#include "catalog/kinds.def"
#undef PROBE_KIND
    ;

enum class LibraryId : std::uint16_t { none, nvml, cuda };

// The columns of kinds.def.
enum class Life : std::uint8_t { once, kept, endless };
enum class Turns : std::uint8_t { in_turn, any_time };
enum class LastRecord : std::uint8_t { unknown, check_row, machine_row };
enum class Opens : std::uint8_t { opens_none, opens };

struct KindInfo {
  const char* name;
  LibraryId library;
  CheckId check;
  Via via;
  Life life;
  Turns turns;
  LastRecord last;
  Opens opens;
  const char* process;
};

// Returns, for ProbeKind::none and for an invalid number, the entry used for refused requests.
const KindInfo& kind_info(ProbeKind kind);

}  // namespace gpuprobe::probes
