#include "addon/restart_budget.h"

#include <algorithm>

#include "probes/clock.h"

namespace gpuprobe::addon {
namespace {

constexpr std::uint64_t kLasting =
    60 * probes::kSecond;        // a warden that lived this long did not fail to start
constexpr unsigned kAtOnce = 3;  // this many are replaced without a pause
constexpr std::uint64_t kFirstPause = 1 * probes::kSecond;
constexpr std::uint64_t kLongestPause = 60 * probes::kSecond;
constexpr unsigned kDoublings = 6;  // from the first pause to more than the longest

}  // namespace

void RestartBudget::on_end(std::uint64_t now_ns) {
  if (now_ns - started_ns_ >= kLasting) ends_ = 0;
  ++ends_;
  // mutation: restart-budget
  if (ends_ <= kAtOnce) {
    allowed_ns_ = now_ns;
    return;
  }
  const unsigned doublings = std::min(ends_ - kAtOnce - 1, kDoublings);
  allowed_ns_ = now_ns + std::min(kFirstPause << doublings, kLongestPause);
}

std::uint32_t RestartBudget::wait_ms(std::uint64_t now_ns) const {
  if (now_ns >= allowed_ns_) return 0;
  return static_cast<std::uint32_t>((allowed_ns_ - now_ns + probes::kMillisecond - 1) /
                                    probes::kMillisecond);
}

}  // namespace gpuprobe::addon
