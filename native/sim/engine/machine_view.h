// The simulated machine that this process is attached to.
#pragma once

#include "sim/engine/machine.h"
#include "sim/engine/runtime.h"

namespace gpuprobe::sim {

struct Revision;

// Attaches this process to the world behind a descriptor; the caller keeps ownership of it. Returns
// 0; EINVAL for a malformed world; EBUSY if this process is attached to another machine, because a
// process does not change machines; or the errno of the failed system call.
int attach_world(int fd);

// The machine as one call sees it: one revision, in the state of one moment. A writer's changes
// apply to later calls.
class MachineView {
 public:
  MachineView() = default;
  ~MachineView() { leave(); }
  MachineView(const MachineView&) = delete;
  MachineView& operator=(const MachineView&) = delete;

  // Enters the attached world, or else the one that the environment names. Returns false if there
  // is neither.
  bool enter();
  // Counts a call that entered the driver. Other processes read the counts.
  void count_call(Function function) const;

  // Returns scenario time, the same for the whole call.
  std::uint64_t now_ms() const;

  // Returns all states of the revision.
  const Scenario& scenario() const;

  // Returns true if no writer has changed the world since.
  bool is_latest() const;

  const Machine* machine = nullptr;
  Runtime* runtime = nullptr;

 private:
  void leave();

  Revision* revision_ = nullptr;
  mutable std::uint64_t now_ms_ = kNull64;  // kNull64: not read yet; the clock is read only on
                                            // demand
};

}  // namespace gpuprobe::sim
