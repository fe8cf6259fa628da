#include "warden/supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/text.h"
#include "probes/clock.h"
#include "probes/session.h"
#include "warden/child.h"
#include "warden/records.h"

namespace gpuprobe::warden {
namespace {

using probes::Api;
using probes::CheckRecord;
using probes::kMillisecond;
using probes::LibraryId;
using probes::Outcome;
using probes::ProbeKind;
using probes::ProbeRequest;
using wire::FrameType;

}  // namespace

void Supervisor::send(FrameType type, std::uint32_t id, const void* payload, std::size_t size,
                      int pass) {
  // If the service is gone, the main loop learns it from the socket.
  wire::send_frame(service_, type, id, payload, size, pass, 0);
}

void Supervisor::finish(std::uint32_t id, const CheckRecord& record) {
  const wire::DoneRecord done = {0, 1, 0, record};
  send(FrameType::done, id, &done, sizeof done);
}

void Supervisor::on_frame(const wire::Frame& frame, int passed) {
  if (frame.header.type == FrameType::source) {
    if (sources_.add(frame, passed)) return;
  } else if (frame.header.type == FrameType::probe) {
    enqueue(frame);
    start_waiting();
  } else if (frame.header.type == FrameType::cancel) {
    cancel(frame.header.request);
  }
  if (passed >= 0) close(passed);
}

void Supervisor::enqueue(const wire::Frame& frame) {
  if (!wire::holds<ProbeRequest>(frame) || frame.header.request == 0) return;
  Waiting waiting{};
  memcpy(&waiting.request, frame.payload, sizeof waiting.request);
  waiting.request.device[sizeof waiting.request.device - 1] = '\0';
  waiting.request.pci_bus_id[sizeof waiting.request.pci_bus_id - 1] = '\0';
  waiting.id = frame.header.request;
  const auto kind = static_cast<std::uint16_t>(waiting.request.kind);
  const bool valid =
      kind > 0 && kind <= probes::kKindCount && sources_.find(waiting.request.source) != nullptr;
  if (!valid || waiting_count_ == kMaxWaiting) {
    if (!valid) waiting.request.kind = ProbeKind::none;
    finish(waiting.id,
           record_for(waiting.request, nullptr, Outcome::not_probed, Api::probe, probes::kBUSY));
    return;
  }
  waiting_[waiting_count_++] = waiting;
}

// Kills only a process that waits for events: it blocks in the driver on purpose and reads no more
// requests.
void Supervisor::cancel(std::uint32_t id) {
  Child* child = children_.by_request(id);
  if (child != nullptr && is_endless(child->asked.kind)) kill_child(child);
}

// Starts waiting requests in order of arrival, each as soon as its library is free.
void Supervisor::start_waiting() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    const Waiting waiting = waiting_[i];
    if (!try_start(waiting)) waiting_[kept++] = waiting;
  }
  waiting_count_ = kept;
}

// Returns true if the request was started or answered, false if it must wait.
bool Supervisor::try_start(const Waiting& waiting) {
  const ProbeRequest& request = waiting.request;
  const LibraryId library = probes::kind_info(request.kind).library;
  if (library == LibraryId::none) return start_child(waiting);
  if (children_.stuck_in(request.source, library) >= kStuckLimit) {
    finish(waiting.id,
           record_for(request, nullptr, Outcome::not_probed, Api::probe, probes::kPROBE_STUCK));
    return true;
  }
  if (takes_turns(request.kind) && children_.canary_in(request.source, library)) return false;
  Child* child = is_kept(request.kind) ? children_.serving(request) : nullptr;
  if (child == nullptr) return start_child(waiting);
  // A process that waits for events stays busy: a second request for events gets its own process.
  if (child->busy()) return is_endless(request.kind) && start_child(waiting);
  ask(child, waiting);
  return true;
}

bool Supervisor::start_child(const Waiting& waiting) {
  Child* child = children_.free_slot();
  const RegisteredSource* source = sources_.find(waiting.request.source);
  if (child == nullptr || source == nullptr) {
    finish(waiting.id,
           record_for(waiting.request, nullptr, Outcome::not_probed, Api::probe, probes::kBUSY));
    return true;
  }
  if (!fork_child(child, waiting, *source)) {
    CheckRecord record =
        record_for(waiting.request, nullptr, Outcome::not_probed, Api::probe, probes::kFORK_FAILED);
    driver::copy_text(record.detail, strerror(errno));
    finish(waiting.id, record);
  }
  return true;
}

bool Supervisor::fork_child(Child* child, const Waiting& waiting, const RegisteredSource& source) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) return false;
  int page_descriptor = -1;
  wire::Page* page = nullptr;
  if (waiting.request.kind == ProbeKind::telemetry) page = wire::create_page(&page_descriptor);
  probes::CurrentCall* where = page != nullptr ? &page->where : child->where;
  where->end();
  const ChildPlan plan = {&source,  waiting.request, waiting.id, sockets[1],
                          getpid(), where,           page,       is_kept(waiting.request.kind)};
  const bool possible = waiting.request.kind != ProbeKind::telemetry || page != nullptr;
  const pid_t pid = possible ? fork() : -1;
  if (pid == 0) run_child(plan);
  const int error = errno;
  close(sockets[1]);
  if (pid < 0) {
    close(sockets[0]);
    if (page != nullptr) wire::unmap_page(page);
    if (page_descriptor >= 0) close(page_descriptor);
    errno = error;
    return false;
  }
  child->pid = pid;
  child->socket = sockets[0];
  child->persistent = plan.persistent;
  child->page = page;
  child->stuck = child->killed = false;
  set_deadlines(child, waiting);
  if (page != nullptr) {
    const wire::PageRecord record = {waiting.request.source, sizeof(wire::Page)};
    send(FrameType::page, waiting.id, &record, sizeof record, page_descriptor);
    close(page_descriptor);
  }
  return true;
}

void Supervisor::set_deadlines(Child* child, const Waiting& waiting) {
  child->asked = waiting.request;
  child->request = waiting.id;
  child->failed = false;
  child->asked_ns = probes::monotonic_ns();
  child->hard_ns = child->asked_ns + waiting.request.hard_ms * kMillisecond;
  // A child is never killed before its request was answered.
  child->soft_ns = child->asked_ns + waiting.request.soft_ms * kMillisecond;
  if (child->soft_ns > child->hard_ns) child->soft_ns = child->hard_ns;
}

void Supervisor::ask(Child* child, const Waiting& waiting) {
  set_deadlines(child, waiting);
  // If the child is just exiting, its exit answers this request.
  wire::send_frame(child->socket, FrameType::probe, waiting.id, &waiting.request,
                   sizeof waiting.request, -1, MSG_DONTWAIT);
}

}  // namespace gpuprobe::warden
