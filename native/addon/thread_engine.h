// isolation: 'thread'. The same probes on one detached thread of this process. Never on libuv's
// pool: a call that hangs there makes process.exit() hang (libuv joins its pool). The I/O thread
// keeps the deadlines. A call that does not return is not replaced by another thread, which would
// block on the same lock; until it returns, every other request is answered "stuck".
#pragma once

#include <pthread.h>

#include <deque>

#include "addon/hub.h"
#include "probes/session.h"

namespace gpuprobe::addon {

enum class Posted { queued, other_source, no_thread };

class ThreadEngine {
 public:
  explicit ThreadEngine(Hub* hub) : hub_(hub) {}

  // With the hub's mutex held. Once started, the thread belongs to the source of its first request
  // for ever.
  Posted post(std::uint32_t id, const probes::ProbeRequest& request);
  // Call after a post, without the hub's mutex: a thread that wakes into two held locks sleeps
  // twice more.
  void notify() { pthread_cond_signal(&changed_); }

  // I/O thread.
  int next_timeout_ms(std::uint64_t now_ns);
  void on_time(std::uint64_t now_ns);

 private:
  struct Job {
    std::uint32_t id;
    probes::ProbeRequest request;
    std::uint64_t soft_ns;
  };

  void run();
  void answer_stuck(std::uint32_t id, const probes::ProbeRequest& request);
  void send(wire::FrameType type, const void* payload, std::size_t size);
  void finish(std::uint32_t id, const probes::CheckRecord& record);

  static void on_check(void* self, const probes::CheckRecord& record);
  static void on_relay(void* self, wire::FrameType type, const void* records, std::size_t size);
  static void on_snapshot(void* self, const probes::Snapshot& snapshot);

  Hub* hub_;
  std::mutex mutex_;
  // Not std::condition_variable: its wait() needs a newer libstdc++ than Node does.
  pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
  std::deque<Job> queue_;
  Job current_{};  // id 0: idle
  bool timed_out_ = false;
  std::uint64_t io_wakes_ns_ = UINT64_MAX;  // when the I/O thread wakes by itself
  bool started_ = false;
  int source_ = -1;
  probes::Source probe_source_{};
  probes::CurrentCall where_{};
  wire::Page* page_ = nullptr;
  wire::DoneRecord done_{};  // probe thread only
};

}  // namespace gpuprobe::addon
