// Wardens that were told to exit, until they are reaped. Each first kills and reaps its helper
// processes, which takes as long as the kernel needs to release their driver resources. I/O thread
// only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "addon/warden_process.h"

namespace gpuprobe::addon {

class Departures {
 public:
  void add(WardenProcess&& process, std::uint64_t now_ns);
  // Reaps the wardens that have exited. Returns their sessions.
  std::vector<pid_t> reap();
  bool empty() const { return departing_.empty(); }
  // Readable when the last one has exited; -1 if there is none or pidfds are unavailable.
  int descriptor() const { return empty() ? -1 : departing_.back().process.descriptor(); }
  // Milliseconds until the next check; -1 if there are none.
  int next_timeout_ms(std::uint64_t now_ns) const;

 private:
  struct Departing {
    WardenProcess process;
    std::uint64_t since_ns;
  };

  std::vector<Departing> departing_;
};

}  // namespace gpuprobe::addon
