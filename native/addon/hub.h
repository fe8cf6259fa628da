// What all environments of this process share: the sources, the one I/O thread, the warden and the
// probe thread behind it, and which port waits for which request. Created at first use and never
// destroyed: the I/O thread outlives every environment. The warden ends with the last of them, and
// at exit.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "addon/port.h"
#include "wire/page.h"

namespace gpuprobe::addon {

// Where driver libraries come from: immutable once registered, so that it can be sent to any later
// warden.
struct SourceSpec {
  std::string directories;
  std::vector<std::string> environment;  // "NAME=value"
  std::string world_key;                 // which simulated machine; "" = the real driver
  bool simulated() const { return !world_key.empty(); }
  bool operator==(const SourceSpec& other) const {
    return directories == other.directories && environment == other.environment &&
           world_key == other.world_key;
  }
};

// The page of the telemetry child, or of thread mode.
struct MappedPage {
  wire::Page* page = nullptr;
  std::uint64_t epoch = 0;  // counts the pages that were in this place
};

struct RegisteredSpec {
  SourceSpec spec;
  int world_fd = -1;
  MappedPage child_page;
  MappedPage thread_page;
};

// What a reader of snapshots has read last, and where it wants the next one.
struct SnapshotCursor {
  std::uint32_t source = 0;
  bool in_thread = false;
  void* target = nullptr;
  std::size_t capacity = 0;
  std::uint64_t epoch = 0;
  std::uint64_t generation = 0;
  std::uint64_t published_ns = 0;
  std::uint64_t in_call_since_ns = 0;
  // Of that call, as its process has written it: any number.
  std::uint32_t in_check = 0;
  std::uint32_t in_function = 0;
  std::uint32_t size = 0;
};

// Of two timeouts as poll() takes them: -1 is never.
int earlier(int a, int b);

class WardenLink;
class ThreadEngine;

class Hub {
 public:
  static Hub& instance();

  // The id of this source; the same one for the same spec, with the world that it came with first.
  // The descriptor stays the caller's. Negative: -EBADF without a world, -ENOSPC when there are too
  // many.
  int add_source(const SourceSpec& spec, int world_fd);
  void set_warden_path(const std::string& path);

  // Sends the request to a warden or to the probe thread. The answers come to `port`. 0: thread
  // mode already belongs to another source; UINT32_MAX: there is no thread to be had.
  std::uint32_t submit(bool in_thread, const probes::ProbeRequest& request,
                       const std::shared_ptr<Port>& port);
  // Ends a request that waits for events.
  void cancel(std::uint32_t id);
  // An environment begins to listen. As the last one ends, so does the warden.
  void open_port();
  // No further answers for this port.
  void close_port(const Port* port);

  // Ends the warden and waits until it is reaped, for so long at most. What was asked of it gets no
  // answer any more: for whoever exits.
  void end_warden(std::uint32_t limit_ms);

  // Brings the cursor's target up to the last snapshot, without asking anybody. False: there is
  // none, or it is just being written and the target may be torn.
  bool read(SnapshotCursor* cursor);

  int warden_pid();

 private:
  friend class WardenLink;
  friend class ThreadEngine;

  Hub();
  void run();            // the I/O thread
  bool ensure_thread();  // with mutex_ held
  void wake();
  void end_warden_at_exit();
  void leave(std::uint32_t limit_ms);  // with mutex_ held
  // Of those that were told to end, none is left; with mutex_ held.
  void on_warden_left() { pthread_cond_broadcast(&left_); }

  // From the I/O thread or the probe thread.
  void deliver(wire::FrameType type, std::uint32_t request, const void* payload, std::size_t size);
  void set_page(std::uint32_t source, bool in_thread, wire::Page* page);
  // Tells every request that waits for the warden why it will not be answered.
  void fail_warden_requests(const wire::LostRecord& lost);

  struct Waiting {
    std::shared_ptr<Port> port;
    bool in_thread;
    bool events;  // goes on until it is cancelled
  };

  std::mutex mutex_;
  std::vector<std::unique_ptr<RegisteredSpec>> sources_;
  std::unordered_map<std::uint32_t, Waiting> waiting_;
  std::uint32_t next_request_ = 1;
  std::size_t ports_ = 0;
  // Not std::condition_variable, whose wait() is of a newer libstdc++ than Node asks for.
  pthread_cond_t left_{};
  std::atomic<pid_t> owner_{0};  // the process that has the I/O thread, and not one forked from it
  bool thread_running_ = false;
  int wake_fd_ = -1;
  std::unique_ptr<WardenLink> warden_;
  std::unique_ptr<ThreadEngine> engine_;
};

}  // namespace gpuprobe::addon
