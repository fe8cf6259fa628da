// Table of the warden's children: who is alive, what each was asked, and its deadlines.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "probes/request.h"
#include "warden/sources.h"
#include "wire/page.h"

namespace gpuprobe::warden {

constexpr std::size_t kMaxChildren = 192;

struct Child {
  pid_t pid;   // 0: the slot is free
  int socket;  // -1: closed
  bool persistent;
  probes::ProbeRequest asked;  // the last request of a persistent child
  std::uint32_t request;       // 0: nothing is in flight
  std::uint64_t asked_ns;
  std::uint64_t soft_ns;  // when the answer "timeout" is due
  std::uint64_t hard_ns;  // when the child is killed
  bool stuck;             // past the soft deadline; the request was answered "timeout"
  bool killed;            // by the warden
  bool leaving;           // the child has said that it accepts no more requests
  bool failed;            // some check of this request did not return ok
  probes::CurrentCall* where;
  wire::Page* page;

  bool alive() const { return pid != 0; }
  bool busy() const { return alive() && request != 0; }
  // Returns the child's current call. A telemetry child records it in its page, where the service
  // sees it.
  const probes::CurrentCall* current_call() const { return page != nullptr ? &page->where : where; }
};

class Children {
 public:
  // Allocates a record of the current call for each slot, in shared memory. Returns false if out of
  // memory.
  bool prepare();

  // Returns a free slot, or null if all are in use.
  Child* free_slot();
  Child* by_pid(pid_t pid);
  // Frees the slot of a reaped child, when the warden exits and nothing else must be done for it.
  void forget(pid_t pid);
  bool any() const;
  Child* by_request(std::uint32_t request);
  // Returns the persistent child that serves such requests and is not stuck, or null if there is
  // none.
  Child* serving(const probes::ProbeRequest& request);
  // Returns how many children are past their soft deadline in that library.
  std::size_t stuck_in(std::uint32_t source, probes::LibraryId library) const;
  // Returns true if a canary of that library is running. Canaries take turns.
  bool canary_in(std::uint32_t source, probes::LibraryId library) const;

  // Iterates only over slots that were ever used: the loop runs several times per frame.
  Child* begin() { return children_; }
  Child* end() { return children_ + used_; }
  const Child* begin() const { return children_; }
  const Child* end() const { return children_ + used_; }

 private:
  Child children_[kMaxChildren];
  std::size_t used_ = 0;
};

// Returns true if the same process serves both requests: same kind of process, source and GPU.
bool same_job(const probes::ProbeRequest& a, const probes::ProbeRequest& b);
// Returns true if a process of this kind serves more than one request.
bool is_kept(probes::ProbeKind kind);
// Returns true if a process of this kind blocks in the driver on purpose and reads no more
// requests.
bool is_endless(probes::ProbeKind kind);
// Returns true for canaries. Telemetry never waits for a turn, and a process that waits for events
// would keep its turn for ever.
bool takes_turns(probes::ProbeKind kind);

}  // namespace gpuprobe::warden
