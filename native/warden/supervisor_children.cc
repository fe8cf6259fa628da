// The supervisor's handling of its children: their answers, their exits, and the deadlines that
// they miss.
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probes/clock.h"
#include "proc/stat.h"
#include "warden/child.h"
#include "warden/records.h"
#include "warden/supervisor.h"

namespace gpuprobe::warden {
namespace {

using probes::Api;
using probes::CheckRecord;
using probes::kMillisecond;
using probes::Outcome;
using wire::FrameType;

}  // namespace

// Reads one frame per poll(): reading until the socket is empty would cost one more call each time.
void Supervisor::on_child_frame(Child* child) {
  if (receive(child) == wire::Received::closed) on_child_hangup(child);
  start_waiting();
}

void Supervisor::on_child_hangup(Child* child) {
  // Stops polling: a closed socket is always readable, and exiting can take long in a driver.
  close(child->socket);
  child->socket = -1;
  // mutation: is-exiting
  if (!proc::is_exiting(child->pid)) kill_child(child);
}

wire::Received Supervisor::receive(Child* child) {
  static wire::Frame frame;
  int passed = -1;
  const wire::Received received = wire::receive_frame(child->socket, &frame, &passed, MSG_DONTWAIT);
  if (passed >= 0) close(passed);
  // An invalid frame comes from a process that its driver corrupted. It counts like a crash.
  const bool whole = received == wire::Received::frame && wire::is_answer(frame);
  // mutation: malformed-frame-kill
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
    case FrameType::event:
      on_event(child, frame);
      return;
    case FrameType::done:
      on_done(child, frame);
      return;
    default:
      if (child->stuck || !wire::is_relayed(frame.header.type)) return;
      send(frame.header.type, child->request, frame.payload, frame.header.size);
  }
}

// The child has opened the driver and now waits in it, which is not a hang.
void Supervisor::on_event(Child* child, const wire::Frame& frame) {
  if (!is_endless(child->asked.kind) || child->stuck) {
    kill_child(child);  // corrupted, or nobody waits for it any longer
    return;
  }
  // mutation: events-without-deadline
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
  // mutation: kill-replaced
  if (!child->failed) kill_replaced(*child);
}

// A child that answers has shown that the library can be entered again. Its stuck predecessor will
// never be asked again and only holds its resources.
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
  if (child == nullptr) return;  // a helper process that a library left behind (nvidia-modprobe)
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
    // A frame that has arrived is not a timeout, however late the warden was scheduled.
    // mutation: drain-before-deadline
    if (!child.stuck && now_ns >= child.soft_ns) drain(&child);
    if (!child.busy()) continue;
    if (!child.stuck && now_ns >= child.soft_ns) time_out(&child, now_ns);
    // mutation: hard-deadline-kill
    if (!child.killed && now_ns >= child.hard_ns) kill_child(&child);
  }
  start_waiting();
}

int Supervisor::next_timeout_ms(std::uint64_t now_ns) const {
  std::uint64_t next = UINT64_MAX;
  for (const Child& child : children_) {
    // A killed child may be in D state: its request still gets its answer at the soft deadline.
    if (!child.busy() || (child.stuck && child.killed)) continue;
    const std::uint64_t due = child.stuck ? child.hard_ns : child.soft_ns;
    if (due < next) next = due;
  }
  if (next == UINT64_MAX) return -1;
  if (next <= now_ns) return 0;
  // Rounded up: a poll() that wakes a moment early would spin.
  const std::uint64_t wait_ms = (next - now_ns + kMillisecond - 1) / kMillisecond;
  return wait_ms < 3600000 ? static_cast<int>(wait_ms) : 3600000;
}

void Supervisor::kill_all() {
  for (Child& child : children_) {
    if (child.alive()) kill(child.pid, SIGKILL);
  }
}

}  // namespace gpuprobe::warden
