#include "probes/registry.h"

namespace gpuprobe::probes {
namespace {

constexpr void (*kProbes[])(const Run& run) = {
#define PROBE_KIND(symbol, ...) run_##symbol,
#include "catalog/kinds.def"
#undef PROBE_KIND
};

}  // namespace

void Session::run(const ProbeRequest& request, const Source& source, const Sink& sink, Via via) {
  const auto number = static_cast<std::uint16_t>(request.kind);
  if (number == 0 || number > kKindCount) return;
  kProbes[number - 1]({*this, request, source, sink, via});
}

bool ends_request(const ProbeRequest& request, const CheckRecord& record) {
  const KindInfo& kind = kind_info(request.kind);
  if (kind.last == LastRecord::unknown || record.check != kind.check) return false;
  return kind.last == LastRecord::check_row || record.device[0] == '\0';
}

}  // namespace gpuprobe::probes
