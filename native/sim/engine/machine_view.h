// The simulated machine that this process is on.
#pragma once

#include "sim/engine/machine.h"
#include "sim/engine/runtime.h"

namespace gpuprobe::sim {

struct Revision;

// Puts this process on the world behind a descriptor, which stays the caller's. 0; EINVAL for a
// malformed world; EBUSY when this process is already on another machine: a process does not change
// machines; or the errno of the system call that failed.
int attach_world(int fd);

// The machine as one call sees it: one revision, in the state of one moment. What a writer changes
// meanwhile is for the calls after it.
class MachineView {
 public:
  MachineView() = default;
  ~MachineView() { leave(); }
  MachineView(const MachineView&) = delete;
  MachineView& operator=(const MachineView&) = delete;

  // Looks at the world attached, or else at the one that the environment names. False: there is
  // neither.
  bool enter();
  // A call has entered the driver: how often that happens is for others to look at.
  void count_call(Function function) const;

  // Scenario time, the same for the whole call.
  std::uint64_t now_ms() const;

  // All states of the revision.
  const Scenario& scenario() const;

  // No writer has changed the world since.
  bool is_latest() const;

  const Machine* machine = nullptr;
  Runtime* runtime = nullptr;

 private:
  void leave();

  Revision* revision_ = nullptr;
  mutable std::uint64_t now_ms_ = kNull64;  // the clock is not read for what nobody asks
};

}  // namespace gpuprobe::sim
