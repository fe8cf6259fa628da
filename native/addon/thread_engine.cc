#include "addon/thread_engine.h"

#include <string.h>
#include <unistd.h>

#include "addon/detached_thread.h"
#include "driver/text.h"

namespace gpuprobe::addon {

using probes::Api;
using probes::CheckRecord;
using probes::Outcome;
using probes::Via;
using wire::FrameType;

Posted ThreadEngine::post(std::uint32_t id, const probes::ProbeRequest& request) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (source_ >= 0 && static_cast<std::uint32_t>(source_) != request.source) {
    return Posted::other_source;
  }
  if (!started_) {
    const RegisteredSpec& source = *hub_->sources_[request.source];
    probe_source_ = {source.spec.directories.c_str(), source.world_fd, false};
    started_ = start_detached("gpuprobe-probe", [this] { run(); });
    if (!started_) return Posted::no_thread;
    source_ = static_cast<int>(request.source);
  }
  queue_.push_back({id, request, 0});
  // The thread is in a call that does not return, and the I/O thread, which answers in its place,
  // sleeps without a deadline: no thread would look into the queue.
  if (timed_out_) hub_->wake();
  return Posted::queued;
}

void ThreadEngine::run() {
  // Zero-initialised and never freed: the driver may still be inside it when the process exits.
  static probes::Session session;
  const probes::Sink sink = {this, &where_, on_check, on_relay, on_snapshot, nullptr, nullptr};
  for (;;) {
    Job job;
    bool io_sleeps_past_it;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      while (queue_.empty()) pthread_cond_wait(&changed_, mutex_.native_handle());
      job = queue_.front();
      queue_.pop_front();
      job.soft_ns = probes::monotonic_ns() + job.request.soft_ms * 1000000ull;
      current_ = job;
      timed_out_ = false;
      io_sleeps_past_it = job.soft_ns < io_wakes_ns_;
    }
    if (io_sleeps_past_it) hub_->wake();  // it must keep this deadline
    done_ = {};
    session.run(job.request, probe_source_, sink, Via::thread);
    if (page_ != nullptr) done_.generation = page_->generation.load();
    send(FrameType::done, &done_, sizeof done_);
    std::lock_guard<std::mutex> lock(mutex_);
    current_ = {};
    timed_out_ = false;
  }
}

// After a timeout the request was already answered, and anything that still arrives is late.
void ThreadEngine::send(FrameType type, const void* payload, std::size_t size) {
  std::uint32_t id;
  bool late;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    id = current_.id;
    late = timed_out_;
  }
  if (late && type != FrameType::check) return;
  hub_->deliver(late ? FrameType::late : type, id, payload, size);
}

int ThreadEngine::next_timeout_ms(std::uint64_t now_ns) {
  std::lock_guard<std::mutex> lock(mutex_);
  io_wakes_ns_ = UINT64_MAX;
  if (timed_out_) return queue_.empty() ? -1 : 0;
  if (current_.id == 0) return -1;
  io_wakes_ns_ = current_.soft_ns;
  if (current_.soft_ns <= now_ns) return 0;
  const std::uint64_t wait_ms = (current_.soft_ns - now_ns + 999999) / 1000000;
  return wait_ms < 3600000 ? static_cast<int>(wait_ms) : 3600000;
}

void ThreadEngine::on_time(std::uint64_t now_ns) {
  std::deque<Job> unanswerable;
  CheckRecord record{};
  std::uint32_t timed_out_id = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (current_.id != 0 && !timed_out_ && now_ns >= current_.soft_ns) {
      timed_out_ = true;
      timed_out_id = current_.id;
      record.outcome = Outcome::timeout;
      record.via = Via::thread;
      record.check = static_cast<probes::CheckId>(where_.check.load());
      record.duration_ns = current_.request.soft_ms * 1000000ull;
      driver::copy_text(record.function, driver::function_name(where_.function.load()));
      driver::copy_text(record.device, current_.request.device);
    }
    if (timed_out_) unanswerable.swap(queue_);
  }
  if (timed_out_id != 0) finish(timed_out_id, record);
  for (const Job& job : unanswerable) answer_stuck(job.id, job.request);
}

void ThreadEngine::answer_stuck(std::uint32_t id, const probes::ProbeRequest& request) {
  CheckRecord record{};
  record.outcome = Outcome::not_probed;
  record.via = Via::thread;
  record.api = Api::probe;
  record.code = probes::kPROBE_STUCK;
  record.check = probes::kind_info(request.kind).check;
  driver::copy_text(record.function, driver::function_name(where_.function.load()));
  driver::copy_text(record.device, request.device);
  finish(id, record);
}

void ThreadEngine::finish(std::uint32_t id, const CheckRecord& record) {
  const wire::DoneRecord done = {0, 1, 0, record};
  hub_->deliver(FrameType::done, id, &done, sizeof done);
}

void ThreadEngine::on_check(void* self, const CheckRecord& record) {
  auto* engine = static_cast<ThreadEngine*>(self);
  // Only this thread changes `current_`.
  if (probes::ends_request(engine->current_.request, record)) {
    engine->done_.has_check = 1;
    engine->done_.check = record;
    return;
  }
  engine->send(FrameType::check, &record, sizeof record);
}

void ThreadEngine::on_relay(void* self, FrameType type, const void* records, std::size_t size) {
  static_cast<ThreadEngine*>(self)->send(type, records, size);
}

void ThreadEngine::on_snapshot(void* self, const probes::Snapshot& snapshot) {
  auto* engine = static_cast<ThreadEngine*>(self);
  if (engine->page_ == nullptr) {
    int descriptor = -1;
    engine->page_ = wire::create_page(&descriptor);
    if (engine->page_ == nullptr) return;
    close(descriptor);
    engine->hub_->set_page(static_cast<std::uint32_t>(engine->source_), true, engine->page_);
  }
  wire::publish(engine->page_, snapshot);
}

}  // namespace gpuprobe::addon
