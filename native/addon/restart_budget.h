// Limits how often a warden is restarted. One that was killed by chance is replaced at once. If
// each one exits soon (no memory, a broken file, a kernel that refuses), starting one per request
// would be a fork loop on a machine that is already in trouble.
#pragma once

#include <cstdint>

namespace gpuprobe::addon {

class RestartBudget {
 public:
  void on_start(std::uint64_t now_ns) { started_ns_ = now_ns; }
  void on_end(std::uint64_t now_ns);
  // Milliseconds until the next warden may be started; 0 means now.
  std::uint32_t wait_ms(std::uint64_t now_ns) const;

 private:
  std::uint64_t started_ns_ = 0;
  std::uint64_t allowed_ns_ = 0;
  unsigned ends_ = 0;  // consecutive ends of wardens that lived too short
};

}  // namespace gpuprobe::addon
