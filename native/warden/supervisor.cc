#include "warden/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/text.h"
#include "probes/session.h"
#include "proc/stat.h"
#include "warden/child.h"
#include "warden/records.h"

namespace gpuprobe::warden {
namespace {

using probes::Api;
using probes::CheckId;
using probes::CheckRecord;
using probes::LibraryId;
using probes::Outcome;
using probes::ProbeKind;
using probes::ProbeRequest;
using wire::FrameType;

constexpr std::uint64_t kMillisecond = 1000000;

}  // namespace

void Supervisor::send(FrameType type, std::uint32_t id, const void* payload, std::size_t size,
                      int pass) {
  // When the service is gone the main loop learns it from its socket.
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

// Only what waits for events: its process sits in the driver on purpose, and hears nothing else.
void Supervisor::cancel(std::uint32_t id) {
  Child* child = children_.by_request(id);
  if (child != nullptr && is_endless(child->asked.kind)) kill_child(child);
}

// In order of arrival, each as soon as its library is free.
void Supervisor::start_waiting() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < waiting_count_; ++i) {
    const Waiting waiting = waiting_[i];
    if (!try_start(waiting)) waiting_[kept++] = waiting;
  }
  waiting_count_ = kept;
}

// True: started or answered. False: it waits.
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
  // One that waits for events is busy for good: whoever else wants them has a process of its own.
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
  // Nobody is killed without a verdict before it.
  child->soft_ns = child->asked_ns + waiting.request.soft_ms * kMillisecond;
  if (child->soft_ns > child->hard_ns) child->soft_ns = child->hard_ns;
}

void Supervisor::ask(Child* child, const Waiting& waiting) {
  set_deadlines(child, waiting);
  // A child that is just ending is noticed by its exit, which answers this request.
  wire::send_frame(child->socket, FrameType::probe, waiting.id, &waiting.request,
                   sizeof waiting.request, -1, MSG_DONTWAIT);
}

// One frame for each turn of poll(): asking until there is none costs a call more for each.
void Supervisor::on_child_frame(Child* child) {
  if (receive(child) == wire::Received::closed) on_child_hangup(child);
  start_waiting();
}

void Supervisor::on_child_hangup(Child* child) {
  // Polled no more: an ended socket is always readable, and dying may take long in a driver.
  close(child->socket);
  child->socket = -1;
  if (!proc::is_exiting(child->pid)) kill_child(child);
}

wire::Received Supervisor::receive(Child* child) {
  static wire::Frame frame;
  int passed = -1;
  const wire::Received received = wire::receive_frame(child->socket, &frame, &passed, MSG_DONTWAIT);
  if (passed >= 0) close(passed);
  // A frame that is none comes from a process that its driver corrupted: worth no more than a
  // crash.
  const bool whole = received == wire::Received::frame && wire::is_answer(frame);
  if (received == wire::Received::malformed || (received == wire::Received::frame && !whole)) {
    kill_child(child);
  }
  if (whole && child->busy() && frame.header.request == child->request) on_answer(child, frame);
  return received;
}

void Supervisor::drain(Child* child) {
  while (child->socket >= 0) {
    const wire::Received received = receive(child);
    if (received == wire::Received::nothing || received == wire::Received::closed) return;
  }
}

void Supervisor::on_answer(Child* child, const wire::Frame& frame) {
  switch (frame.header.type) {
    case FrameType::check: {
      CheckRecord record;
      memcpy(&record, frame.payload, sizeof record);
      if (record.outcome != Outcome::ok) child->failed = true;
      send(child->stuck ? FrameType::late : FrameType::check, child->request, &record,
           sizeof record);
      return;
    }
    case FrameType::nodes:
    case FrameType::devices:
    case FrameType::library:
      if (child->stuck) return;
      send(frame.header.type, child->request, frame.payload, frame.header.size);
      return;
    case FrameType::event:
      on_event(child, frame);
      return;
    case FrameType::done:
      on_done(child, frame);
      return;
    default:
      return;
  }
}

// It has opened the driver and waits in it from now on, which is no hang.
void Supervisor::on_event(Child* child, const wire::Frame& frame) {
  if (!is_endless(child->asked.kind) || child->stuck) {
    kill_child(child);  // corrupted, or nobody waits for it any more
    return;
  }
  child->soft_ns = child->hard_ns = UINT64_MAX;
  send(FrameType::event, child->request, frame.payload, frame.header.size);
}

void Supervisor::on_done(Child* child, const wire::Frame& frame) {
  wire::DoneRecord done;
  memcpy(&done, frame.payload, sizeof done);
  if (done.has_check != 0 && done.check.outcome != Outcome::ok) child->failed = true;
  if (!child->stuck) {
    send(FrameType::done, child->request, &done, sizeof done);
  } else if (done.has_check != 0) {
    send(FrameType::late, child->request, &done.check, sizeof done.check);
  }
  child->request = 0;
  child->stuck = false;
  child->leaving = done.leaving != 0;
  if (!child->failed) kill_replaced(*child);
}

// One that answers has shown that the library can be entered again; its stuck predecessor never
// will be asked again, and only holds on to what it had.
void Supervisor::kill_replaced(const Child& successor) {
  for (Child& child : children_) {
    if (!child.alive() || !child.stuck || child.killed) continue;
    if (!same_job(child.asked, successor.asked)) continue;
    kill_child(&child);
  }
}

void Supervisor::kill_child(Child* child) {
  child->killed = true;
  kill(child->pid, SIGKILL);
}

void Supervisor::on_exit(pid_t pid, int status) {
  Child* child = children_.by_pid(pid);
  if (child == nullptr) return;  // a helper that a library left behind (nvidia-modprobe)
  drain(child);
  if (child->busy() && !child->stuck) finish(child->request, exit_record(*child, status));
  release(child);
  start_waiting();
}

void Supervisor::release(Child* child) {
  if (child->socket >= 0) close(child->socket);
  if (child->page != nullptr) wire::unmap_page(child->page);
  probes::CurrentCall* where = child->where;
  *child = {};
  child->where = where;
}

void Supervisor::time_out(Child* child, std::uint64_t now_ns) {
  CheckRecord record =
      record_for(child->asked, child->current_call(), Outcome::timeout, Api::none, 0);
  record.duration_ns = now_ns - child->asked_ns;
  proc::describe_wait(child->pid, record.detail, sizeof record.detail);
  child->stuck = true;
  finish(child->request, record);
}

void Supervisor::on_time(std::uint64_t now_ns) {
  for (Child& child : children_) {
    if (!child.busy()) continue;
    // What has arrived is no timeout, however late the warden was scheduled.
    if (!child.stuck && now_ns >= child.soft_ns) drain(&child);
    if (!child.busy()) continue;
    if (!child.stuck && now_ns >= child.soft_ns) time_out(&child, now_ns);
    if (!child.killed && now_ns >= child.hard_ns) kill_child(&child);
  }
  start_waiting();
}

int Supervisor::next_timeout_ms(std::uint64_t now_ns) const {
  std::uint64_t next = UINT64_MAX;
  for (const Child& child : children_) {
    // One that was killed may be in D state: its request still gets its answer at the soft
    // deadline.
    if (!child.busy() || (child.stuck && child.killed)) continue;
    const std::uint64_t due = child.stuck ? child.hard_ns : child.soft_ns;
    if (due < next) next = due;
  }
  if (next == UINT64_MAX) return -1;
  if (next <= now_ns) return 0;
  // Rounded up: a poll that wakes a moment early would spin.
  const std::uint64_t wait_ms = (next - now_ns + kMillisecond - 1) / kMillisecond;
  return wait_ms < 3600000 ? static_cast<int>(wait_ms) : 3600000;
}

void Supervisor::kill_all() {
  for (Child& child : children_) {
    if (child.alive()) kill(child.pid, SIGKILL);
  }
}

}  // namespace gpuprobe::warden
