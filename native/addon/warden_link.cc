#include "addon/warden_link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon/spawn.h"
#include "probes/clock.h"

namespace gpuprobe::addon {

using wire::FrameType;

bool WardenLink::post(std::uint32_t id, const probes::ProbeRequest& request) {
  const bool straight =
      socket_ >= 0 && !asked_to_leave_ && queue_.empty() && request.source < sources_sent_;
  if (straight && send({id, request}) == 0) return false;
  queue_.push_back({id, request});
  queued_ = true;
  return true;
}

bool WardenLink::cancel(std::uint32_t id) {
  // Without a warden there is nothing to cancel, unless the request is still queued.
  if ((socket_ < 0 || asked_to_leave_) && queue_.empty()) return false;
  probes::ProbeRequest nothing{};
  if (!queue_.empty()) nothing.source = queue_.front().request.source;
  return post(id, nothing);
}

int WardenLink::send(const Queued& queued) {
  const bool asks = queued.request.kind != probes::ProbeKind::none;
  return wire::send_frame(socket_, asks ? FrameType::probe : FrameType::cancel, queued.id,
                          &queued.request, asks ? sizeof queued.request : 0, -1, MSG_DONTWAIT);
}

bool WardenLink::leave(std::uint64_t now_ns) {
  // If something is queued, a warden may just be starting.
  const bool running = socket_ >= 0 || !queue_.empty();
  queue_.clear();
  queued_ = false;
  if (running) {
    leaving_since_ns_ = now_ns;
    asked_to_leave_ = true;
  }
  return leaving_since_ns_ != 0;
}

void WardenLink::depart() {
  if (!asked_to_leave_) return;
  const std::lock_guard<std::mutex> lock(hub_->mutex_);
  asked_to_leave_ = false;
  if (socket_ < 0) return;
  // The closed socket tells the warden to exit. shutdown() as well as close(): a process that the
  // service forked may hold a copy.
  shutdown(socket_, SHUT_RDWR);
  close(socket_);
  socket_ = -1;
  departures_.add(std::move(process_), probes::monotonic_ns());
}

void WardenLink::reap_departed(std::uint64_t now_ns) {
  if (leaving_since_ns_ == 0) return;
  const std::vector<pid_t> sessions = departures_.reap();
  if (departures_.empty()) {
    const std::lock_guard<std::mutex> lock(hub_->mutex_);
    if (!asked_to_leave_) {
      leaving_since_ns_ = 0;
      hub_->on_warden_left();
    }
  }
  // Done after the hub was told, because somebody may be waiting for that to exit.
  for (const pid_t left : sessions) orphans_.adopt(left, now_ns);
}

void WardenLink::on_time(std::uint64_t now_ns) {
  reap_departed(now_ns);
  orphans_.on_time(now_ns);
}

int WardenLink::next_timeout_ms(std::uint64_t now_ns) const {
  return earlier(departures_.next_timeout_ms(now_ns), orphans_.next_timeout_ms(now_ns));
}

void WardenLink::set_path(const std::string& path) {
  if (path == path_ && executable_ >= 0) return;
  if (executable_ >= 0) close(executable_);
  path_ = path;
  executable_ = keep_executable(path);
}

int WardenLink::start() {
  std::vector<std::string> environment;
  std::string path;
  int executable;
  {
    std::lock_guard<std::mutex> lock(hub_->mutex_);
    if (queue_.empty()) return 0;  // the request was dropped meanwhile
    path = path_;
    executable = executable_;
    environment = hub_->sources_[queue_.front().request.source]->spec.environment;
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) return errno;
  pid_t pid = 0;
  const int error = spawn_warden(executable, path, environment, sockets[1], &pid);
  close(sockets[1]);
  if (error != 0) {
    close(sockets[0]);
    return error;
  }
  std::lock_guard<std::mutex> lock(hub_->mutex_);
  socket_ = sockets[0];
  process_.adopt(pid);
  sources_sent_ = 0;
  return 0;
}

int WardenLink::send_source(std::uint32_t id, const RegisteredSpec& source) {
  std::string environment;
  for (const std::string& variable : source.spec.environment) {
    environment.append(variable).push_back('\0');
  }
  const wire::SourceHeader header = {id, source.spec.simulated(),
                                     static_cast<std::uint32_t>(source.spec.directories.size() + 1),
                                     static_cast<std::uint32_t>(environment.size())};
  std::string payload(reinterpret_cast<const char*>(&header), sizeof header);
  payload.append(source.spec.directories).push_back('\0');
  payload.append(environment);
  return wire::send_frame(socket_, FrameType::source, 0, payload.data(), payload.size(),
                          source.world_fd, MSG_DONTWAIT);
}

// Call with the hub's mutex held. Stops at the first frame that does not fit.
void WardenLink::send_queued() {
  if (socket_ < 0 || asked_to_leave_) return;  // newer requests are for the next warden
  while (sources_sent_ < hub_->sources_.size()) {
    const int error = send_source(sources_sent_, *hub_->sources_[sources_sent_]);
    if (error != 0) return;
    ++sources_sent_;
  }
  while (!queue_.empty()) {
    if (send(queue_.front()) != 0) return;
    queue_.pop_front();
  }
  queued_ = false;
}

void WardenLink::flush() {
  if (!queued_) return;
  if (socket_ < 0) {
    const std::uint64_t now_ns = probes::monotonic_ns();
    const std::uint32_t retry_ms = budget_.wait_ms(now_ns);
    const int error = retry_ms == 0 ? start() : 0;
    if (retry_ms != 0 || error != 0) {
      fail({error, last_status_, retry_ms});
      return;
    }
    budget_.on_start(now_ns);
  }
  std::lock_guard<std::mutex> lock(hub_->mutex_);
  // The rest is sent when the socket is writable again. A closed socket is noticed when it is read.
  send_queued();
}

void WardenLink::on_readable() {
  // Reads one frame per poll(): reading until the socket is empty would cost one more call each
  // time.
  static wire::Frame frame;
  int passed = -1;
  switch (wire::receive_frame(socket_, &frame, &passed, MSG_DONTWAIT)) {
    case wire::Received::frame:
      // on_frame closes the descriptor.
      if (on_frame(frame, passed)) return;
      on_end();
      return;
    case wire::Received::nothing:
      return;
    // A peer that sends an invalid frame is not the warden that was started; it may never answer.
    case wire::Received::malformed:
    case wire::Received::closed:
      on_end();
      return;
  }
}

bool WardenLink::on_frame(const wire::Frame& frame, int passed) {
  const bool sound = wire::is_answer(frame);
  if (!sound) {
    // No part of it is used.
  } else if (frame.header.type == FrameType::page && passed >= 0 &&
             wire::holds<wire::PageRecord>(frame)) {
    wire::PageRecord record;
    memcpy(&record, frame.payload, sizeof record);
    hub_->set_page(record.source, false, wire::map_page(passed, false));
  } else if (frame.header.request != 0 && frame.header.type != FrameType::lost) {
    // Only this side reports that a warden is lost.
    hub_->deliver(frame.header.type, frame.header.request, frame.payload, frame.header.size);
  }
  if (passed >= 0) close(passed);
  return sound;
}

void WardenLink::on_end() {
  const pid_t session = process_.pid();
  {
    std::lock_guard<std::mutex> lock(hub_->mutex_);
    close(socket_);
    socket_ = -1;
  }
  last_status_ = process_.end();
  const std::uint64_t now_ns = probes::monotonic_ns();
  budget_.on_end(now_ns);
  // The warden is reaped, so its children have been reparented.
  // mutation: orphans
  orphans_.adopt(session, now_ns);
  fail({0, last_status_, 0});
}

void WardenLink::fail(const wire::LostRecord& lost) {
  {
    std::lock_guard<std::mutex> lock(hub_->mutex_);
    queue_.clear();
    queued_ = false;
  }
  hub_->fail_warden_requests(lost);
}

}  // namespace gpuprobe::addon
