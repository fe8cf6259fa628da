// The table of the warden's children: who is alive, what each was asked, and when that is too long
// ago.
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
  int socket;  // -1: the child has closed its end
  bool persistent;
  probes::ProbeRequest asked;  // of a persistent child: the last
  std::uint32_t request;       // 0: nothing is in flight
  std::uint64_t asked_ns;
  std::uint64_t soft_ns;  // when the verdict "did not answer" is due
  std::uint64_t hard_ns;  // when it is killed
  bool stuck;             // past the soft deadline; the request was answered "timeout"
  bool killed;            // by the warden
  bool leaving;           // it has said that it takes no further request
  bool failed;            // this request had an answer other than ok
  probes::CurrentCall* where;
  wire::Page* page;

  bool alive() const { return pid != 0; }
  bool busy() const { return alive() && request != 0; }
  // What it says that it is in: a telemetry child says so in its page, for the service to see.
  const probes::CurrentCall* current_call() const { return page != nullptr ? &page->where : where; }
};

class Children {
 public:
  // Each slot's record of its current call, in shared memory. False: no memory.
  bool prepare();

  // A free slot, or null.
  Child* free_slot();
  Child* by_pid(pid_t pid);
  // At the end: it has been reaped, and no more is to be done about it.
  void forget(pid_t pid);
  bool any() const;
  Child* by_request(std::uint32_t request);
  // The persistent child that serves such requests and is not stuck; null: none yet.
  Child* serving(const probes::ProbeRequest& request);
  // How many children are past their deadline inside that library.
  std::size_t stuck_in(std::uint32_t source, probes::LibraryId library) const;
  // A canary of that library is under way: they take turns.
  bool canary_in(std::uint32_t source, probes::LibraryId library) const;

  // The slots that were ever used: the loop goes over them several times for each frame.
  Child* begin() { return children_; }
  Child* end() { return children_ + used_; }
  const Child* begin() const { return children_; }
  const Child* end() const { return children_ + used_; }

 private:
  Child children_[kMaxChildren];
  std::size_t used_ = 0;
};

// Whether two requests are for the same process: kind of process, source and GPU.
bool same_job(const probes::ProbeRequest& a, const probes::ProbeRequest& b);
// Its process serves further requests.
bool is_kept(probes::ProbeKind kind);
// Its process sits in the driver on purpose, and hears nothing else.
bool is_endless(probes::ProbeKind kind);
// Canaries do. Telemetry waits for none, and one that waits for events would keep them out for
// good.
bool takes_turns(probes::ProbeKind kind);

}  // namespace gpuprobe::warden
