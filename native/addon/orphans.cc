#include "addon/orphans.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "probes/clock.h"

namespace gpuprobe::addon {
namespace {

constexpr std::uint64_t kFirstPause = 5 * probes::kMillisecond;
constexpr std::uint64_t kLongestPause = 1'000 * probes::kMillisecond;

// Returns true if the process was reaped here or elsewhere, or is not a child of this process.
// Checks the session first: if other code reaped the pid, a child of the service itself may have it
// by now, in the service's session.
bool is_gone(pid_t pid, pid_t session) {
  return getsid(pid) != session || waitpid(pid, nullptr, WNOHANG) != 0;
}

}  // namespace

void Orphans::adopt(pid_t session, std::uint64_t now_ns) {
  DIR* processes = opendir("/proc");
  if (processes == nullptr) return;
  while (const dirent* item = readdir(processes)) {
    const pid_t pid = atoi(item->d_name);
    if (pid > 0 && pid != session && !is_gone(pid, session)) orphans_.push_back({pid, session});
  }
  closedir(processes);
  pause_ns_ = kFirstPause;
  due_ns_ = now_ns + pause_ns_;
}

void Orphans::reap() {
  const auto gone = [](const Orphan& orphan) { return is_gone(orphan.pid, orphan.session); };
  orphans_.erase(std::remove_if(orphans_.begin(), orphans_.end(), gone), orphans_.end());
}

void Orphans::on_time(std::uint64_t now_ns) {
  if (orphans_.empty() || now_ns < due_ns_) return;
  reap();
  pause_ns_ = std::min(2 * pause_ns_, kLongestPause);
  due_ns_ = now_ns + pause_ns_;
}

int Orphans::next_timeout_ms(std::uint64_t now_ns) const {
  if (orphans_.empty()) return -1;
  if (due_ns_ <= now_ns) return 0;
  return static_cast<int>((due_ns_ - now_ns + probes::kMillisecond - 1) / probes::kMillisecond);
}

}  // namespace gpuprobe::addon
