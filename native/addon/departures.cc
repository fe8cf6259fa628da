#include "addon/departures.h"

#include <algorithm>
#include <utility>

#include "probes/clock.h"

namespace gpuprobe::addon {
namespace {

constexpr std::uint64_t kLongestPauseMs = 1'000;

}  // namespace

void Departures::add(WardenProcess&& process, std::uint64_t now_ns) {
  departing_.push_back({std::move(process), now_ns});
}

std::vector<pid_t> Departures::reap() {
  std::vector<pid_t> sessions;
  for (auto it = departing_.begin(); it != departing_.end();) {
    const pid_t session = it->process.pid();
    const bool gone = it->process.reap();
    if (gone) sessions.push_back(session);
    it = gone ? departing_.erase(it) : std::next(it);
  }
  return sessions;
}

// Used if there is no pidfd to poll: often at first, because a caller may be waiting to exit, then
// less and less often.
int Departures::next_timeout_ms(std::uint64_t now_ns) const {
  if (empty()) return -1;
  const std::uint64_t waited_ms = (now_ns - departing_.back().since_ns) / probes::kMillisecond;
  return static_cast<int>(std::clamp<std::uint64_t>(waited_ms / 4, 1, kLongestPauseMs));
}

}  // namespace gpuprobe::addon
