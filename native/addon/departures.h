// Wardens that were told to end, until they are reaped. Each takes its helpers down and reaps them
// first, which lasts as long as the kernel takes to give up what they had in a driver. I/O thread
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
  // Reaps those that have ended; their sessions.
  std::vector<pid_t> reap();
  bool empty() const { return departing_.empty(); }
  // Readable when the last one has ended; -1: none, or no pidfds here.
  int descriptor() const { return empty() ? -1 : departing_.back().process.descriptor(); }
  // Until they are to be looked at again; -1: there are none.
  int next_timeout_ms(std::uint64_t now_ns) const;

 private:
  struct Departing {
    WardenProcess process;
    std::uint64_t since_ns;
  };

  std::vector<Departing> departing_;
};

}  // namespace gpuprobe::addon
