#include "warden/children.h"

#include <string.h>
#include <sys/mman.h>

#include "probes/kinds.h"

namespace gpuprobe::warden {

using probes::LibraryId;
using probes::ProbeKind;
using probes::ProbeRequest;

bool is_kept(ProbeKind kind) { return probes::kind_info(kind).life != probes::Life::once; }

bool is_endless(ProbeKind kind) { return probes::kind_info(kind).life == probes::Life::endless; }

bool takes_turns(ProbeKind kind) { return probes::kind_info(kind).turns == probes::Turns::in_turn; }

bool same_job(const ProbeRequest& a, const ProbeRequest& b) {
  const bool same_process =
      is_kept(a.kind) && is_kept(b.kind) &&
      strcmp(probes::kind_info(a.kind).process, probes::kind_info(b.kind).process) == 0;
  return (a.kind == b.kind || same_process) && a.source == b.source &&
         strncmp(a.device, b.device, sizeof a.device) == 0;
}

bool Children::prepare() {
  void* lines = mmap(nullptr, kMaxChildren * sizeof(probes::CurrentCall), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (lines == MAP_FAILED) return false;
  for (std::size_t i = 0; i < kMaxChildren; ++i) {
    children_[i].where = static_cast<probes::CurrentCall*>(lines) + i;
  }
  return true;
}

Child* Children::free_slot() {
  for (Child& child : *this) {
    if (!child.alive()) return &child;
  }
  return used_ < kMaxChildren ? &children_[used_++] : nullptr;
}

Child* Children::by_pid(pid_t pid) {
  for (Child& child : *this) {
    if (child.pid == pid) return &child;
  }
  return nullptr;
}

void Children::forget(pid_t pid) {
  Child* child = by_pid(pid);
  if (child != nullptr) child->pid = 0;
}

bool Children::any() const {
  for (const Child& child : *this) {
    if (child.alive()) return true;
  }
  return false;
}

Child* Children::by_request(std::uint32_t request) {
  for (Child& child : *this) {
    if (child.busy() && child.request == request) return &child;
  }
  return nullptr;
}

Child* Children::serving(const ProbeRequest& request) {
  for (Child& child : *this) {
    if (child.alive() && child.persistent && child.socket >= 0 && !child.stuck && !child.killed &&
        !child.leaving && same_job(child.asked, request)) {
      return &child;
    }
  }
  return nullptr;
}

std::size_t Children::stuck_in(std::uint32_t source, LibraryId library) const {
  std::size_t count = 0;
  for (const Child& child : *this) {
    count += child.alive() && child.stuck && child.asked.source == source &&
             probes::kind_info(child.asked.kind).library == library;
  }
  return count;
}

bool Children::canary_in(std::uint32_t source, LibraryId library) const {
  for (const Child& child : *this) {
    if (child.busy() && !child.stuck && takes_turns(child.asked.kind) &&
        child.asked.source == source && probes::kind_info(child.asked.kind).library == library) {
      return true;
    }
  }
  return false;
}

}  // namespace gpuprobe::warden
