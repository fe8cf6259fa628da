// How often a warden may be started anew. One that was killed by chance is replaced at once; where
// each ends soon (no memory, a broken file, a kernel that refuses) starting one for every request
// would be a loop of forks on a machine that is in trouble already.
#pragma once

#include <cstdint>

namespace gpuprobe::addon {

class RestartBudget {
 public:
  void on_start(std::uint64_t now_ns) { started_ns_ = now_ns; }
  void on_end(std::uint64_t now_ns);
  // Milliseconds until the next may be started; 0: now.
  std::uint32_t wait_ms(std::uint64_t now_ns) const;

 private:
  std::uint64_t started_ns_ = 0;
  std::uint64_t allowed_ns_ = 0;
  unsigned ends_ = 0;  // in a row, of wardens that did not last
};

}  // namespace gpuprobe::addon
