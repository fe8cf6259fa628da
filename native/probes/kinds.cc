#include "probes/kinds.h"

namespace gpuprobe::probes {
namespace {

constexpr KindInfo kKinds[] = {
    {"", LibraryId::none, CheckId::nodes, Via::layer0, Life::once, Turns::in_turn,
     LastRecord::unknown, Opens::opens_none, ""},
#define PROBE_KIND(symbol, name, library, check, via, life, turns, last, opens, process) \
  {name,                                                                                 \
   LibraryId::library,                                                                   \
   CheckId::check,                                                                       \
   Via::via,                                                                             \
   Life::life,                                                                           \
   Turns::turns,                                                                         \
   LastRecord::last,                                                                     \
   Opens::opens,                                                                         \
   "gpuprobe-" #process},
#include "catalog/kinds.def"
#undef PROBE_KIND
};

// The kernel truncates longer process names, and a search for them would fail.
constexpr bool names_fit() {
  for (const KindInfo& kind : kKinds) {
    std::size_t length = 0;
    while (kind.process[length] != '\0') ++length;
    if (length > 15) return false;
  }
  return true;
}
static_assert(names_fit());

}  // namespace

const KindInfo& kind_info(ProbeKind kind) {
  const auto number = static_cast<std::uint16_t>(kind);
  return kKinds[number <= kKindCount ? number : 0];
}

}  // namespace gpuprobe::probes
