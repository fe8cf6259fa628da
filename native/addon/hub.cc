#include "addon/hub.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

#include "addon/detached_thread.h"
#include "addon/thread_engine.h"
#include "addon/warden_link.h"
#include "probes/clock.h"

namespace gpuprobe::addon {
namespace {

// How long the warden may delay a service's exit. A warden that takes longer, because the kernel is
// still releasing a helper's driver resources, is left running: if it were killed, its helpers
// would stay unreaped, which are also one process or more.
constexpr std::uint32_t kExitLimitMs = 50;

}  // namespace

int earlier(int a, int b) { return a < 0 || (b >= 0 && b < a) ? b : a; }

Hub& Hub::instance() {
  static Hub* const hub = new Hub();  // never destroyed: its thread outlives every static object
  return *hub;
}

Hub::Hub()
    : warden_(std::make_unique<WardenLink>(this)), engine_(std::make_unique<ThreadEngine>(this)) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&left_, &attributes);
  pthread_condattr_destroy(&attributes);
}

void Hub::set_warden_path(const std::string& path) {
  std::lock_guard<std::mutex> lock(mutex_);
  warden_->set_path(path);
}

int Hub::add_source(const SourceSpec& spec, int world_fd) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (std::size_t id = 0; id < sources_.size(); ++id) {
    // One scenario is one machine as long as the process lives, as for the real one.
    if (sources_[id]->spec == spec) return static_cast<int>(id);
  }
  if (sources_.size() == wire::kMaxSources) return -ENOSPC;
  auto source = std::make_unique<RegisteredSpec>();
  source->spec = spec;
  if (spec.simulated()) {
    source->world_fd = fcntl(world_fd, F_DUPFD_CLOEXEC, 0);
    if (source->world_fd < 0) return -errno;
  }
  sources_.push_back(std::move(source));
  return static_cast<int>(sources_.size() - 1);
}

bool Hub::ensure_thread() {
  // An earlier EMFILE may have been temporary.
  if (wake_fd_ < 0) wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ < 0) return false;
  if (thread_running_) return true;
  thread_running_ = start_detached("gpuprobe-io", [this] { run(); });
  if (thread_running_) owner_ = getpid();
  // process.exit() and an uncaught error tear no environment down, but they call exit().
  // mutation: warden-reaped-at-exit
  if (thread_running_) std::atexit([] { instance().end_warden_at_exit(); });
  return thread_running_;
}

std::uint32_t Hub::submit(bool in_thread, const probes::ProbeRequest& request,
                          const std::shared_ptr<Port>& port) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (request.source >= sources_.size()) return 0;
  if (!ensure_thread()) return UINT32_MAX;
  const std::uint32_t id = next_request_;
  next_request_ = next_request_ == UINT32_MAX - 1 ? 1 : next_request_ + 1;
  waiting_[id] = {port, in_thread, probes::kind_info(request.kind).life == probes::Life::endless};
  if (in_thread) {
    const Posted posted = engine_->post(id, request);
    if (posted != Posted::queued) waiting_.erase(id);
    lock.unlock();
    engine_->notify();
    if (posted == Posted::no_thread) return UINT32_MAX;
    return posted == Posted::queued ? id : 0;
  }
  if (warden_->post(id, request)) wake();
  return id;
}

void Hub::cancel(std::uint32_t id) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = waiting_.find(id);
  if (found != waiting_.end() && found->second.events && warden_->cancel(id)) wake();
}

void Hub::open_port() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++ports_;
}

void Hub::close_port(const Port* port) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const bool gone = it->second.port.get() == port;
    if (gone && it->second.events && warden_->cancel(it->first)) wake();
    it = gone ? waiting_.erase(it) : std::next(it);
  }
  // mutation: warden-ends-with-the-last
  if (--ports_ == 0) leave(kExitLimitMs);
}

void Hub::end_warden(std::uint32_t limit_ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  leave(limit_ms);
}

// Waits for the lock only up to a limit: a signal handler that calls exit() may have interrupted
// the thread that holds it.
void Hub::end_warden_at_exit() {
  if (owner_ != getpid()) return;
  std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  for (std::uint32_t ms = 0; !lock && ms < kExitLimitMs; ++ms) {
    poll(nullptr, 0, 1);
    static_cast<void>(lock.try_lock());
  }
  if (lock) leave(kExitLimitMs);
}

// The limit counts from when the warden was told to exit, so that one exit does not wait twice.
void Hub::leave(std::uint32_t limit_ms) {
  if (owner_ != getpid() || !warden_->leave(probes::monotonic_ns())) return;
  wake();
  const std::uint64_t until_ns = warden_->leaving_since_ns() + limit_ms * probes::kMillisecond;
  const timespec until = {static_cast<time_t>(until_ns / probes::kSecond),
                          static_cast<long>(until_ns % probes::kSecond)};
  int error = 0;
  while (warden_->leaving_since_ns() != 0 && error == 0) {
    error = pthread_cond_timedwait(&left_, mutex_.native_handle(), &until);
  }
}

void Hub::deliver(wire::FrameType type, std::uint32_t request, const void* payload,
                  std::size_t size) {
  std::shared_ptr<Port> port;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = waiting_.find(request);
    if (found == waiting_.end()) return;
    port = found->second.port;
    if (type == wire::FrameType::done || type == wire::FrameType::lost) waiting_.erase(found);
  }
  port->deliver(request, type, payload, size);
}

void Hub::fail_warden_requests(const wire::LostRecord& lost) {
  std::vector<std::uint32_t> ids;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& entry : waiting_) {
      if (!entry.second.in_thread) ids.push_back(entry.first);
    }
  }
  for (const std::uint32_t id : ids) deliver(wire::FrameType::lost, id, &lost, sizeof lost);
}

void Hub::set_page(std::uint32_t source, bool in_thread, wire::Page* page) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (source >= sources_.size() || page == nullptr) return;
  MappedPage& place = in_thread ? sources_[source]->thread_page : sources_[source]->child_page;
  if (place.page != nullptr) wire::unmap_page(place.page);
  place.page = page;
  ++place.epoch;
}

bool Hub::read(SnapshotCursor* cursor) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (cursor->source >= sources_.size()) return false;
  const RegisteredSpec& source = *sources_[cursor->source];
  const MappedPage& place = cursor->in_thread ? source.thread_page : source.child_page;
  if (place.page == nullptr) return false;
  const probes::CurrentCall& where = place.page->where;
  cursor->in_call_since_ns = where.since_ns.load(std::memory_order_relaxed);
  cursor->in_check = where.check.load(std::memory_order_relaxed);
  cursor->in_function = where.function.load(std::memory_order_relaxed);
  const bool known = cursor->epoch == place.epoch && cursor->size > 0 &&
                     cursor->generation == place.page->generation.load(std::memory_order_acquire);
  if (known) return true;
  wire::PageReading reading{};
  cursor->size = 0;  // until the target is complete again
  if (!wire::read_page(*place.page, cursor->target, cursor->capacity, &reading)) return false;
  cursor->epoch = place.epoch;
  cursor->generation = reading.generation;
  cursor->published_ns = reading.published_ns;
  cursor->size = reading.size;
  return true;
}

int Hub::warden_pid() {
  std::lock_guard<std::mutex> lock(mutex_);
  return warden_->pid();
}

void Hub::wake() {
  const std::uint64_t one = 1;
  const ssize_t written = write(wake_fd_, &one, sizeof one);
  static_cast<void>(written);  // EAGAIN means that it is already awake
}

void Hub::run() {
  for (;;) {
    warden_->depart();
    warden_->flush();
    pollfd polled[3] = {{wake_fd_, POLLIN, 0},
                        {warden_->descriptor(), POLLIN, 0},
                        {warden_->departure_descriptor(), POLLIN, 0}};
    if (warden_->wants_to_write()) polled[1].events |= POLLOUT;
    const std::uint64_t now_ns = probes::monotonic_ns();
    poll(polled, 3, earlier(engine_->next_timeout_ms(now_ns), warden_->next_timeout_ms(now_ns)));
    if (polled[0].revents != 0) {
      std::uint64_t count;
      const ssize_t got = ::read(wake_fd_, &count, sizeof count);
      static_cast<void>(got);
    }
    if ((polled[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) warden_->on_readable();
    warden_->on_time(probes::monotonic_ns());
    engine_->on_time(probes::monotonic_ns());
  }
}

}  // namespace gpuprobe::addon
