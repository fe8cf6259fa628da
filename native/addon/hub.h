// What all environments of this process share: the sources, the single I/O thread with the warden
// and the probe thread behind it, and the table of which port waits for which request. Created at
// first use and never destroyed: the I/O thread outlives every environment. The warden exits with
// the last environment, and at exit().
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

// Where driver libraries come from. Immutable once registered, so that it can be sent to any later
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
  std::uint64_t epoch = 0;  // counts the pages that were stored here
};

struct RegisteredSpec {
  SourceSpec spec;
  int world_fd = -1;
  MappedPage child_page;
  MappedPage thread_page;
};

// What a reader of snapshots has read last, and the buffer for the next one.
struct SnapshotCursor {
  std::uint32_t source = 0;
  bool in_thread = false;
  void* target = nullptr;
  std::size_t capacity = 0;
  std::uint64_t epoch = 0;
  std::uint64_t generation = 0;
  std::uint64_t published_ns = 0;
  std::uint64_t in_call_since_ns = 0;
  // The check and function of that call, as the process wrote them: unchecked numbers.
  std::uint32_t in_check = 0;
  std::uint32_t in_function = 0;
  std::uint32_t size = 0;
};

// Returns the earlier of two poll() timeouts; -1 means never.
int earlier(int a, int b);

class WardenLink;
class ThreadEngine;

class Hub {
 public:
  static Hub& instance();

  // Returns the id of this source; the same spec gets the same id, with the world it was first
  // registered with. The caller keeps ownership of the descriptor. Negative on failure: -EBADF
  // without a world, -ENOSPC if there are too many.
  int add_source(const SourceSpec& spec, int world_fd);
  void set_warden_path(const std::string& path);

  // Sends the request to the warden or to the probe thread. The answers go to `port`. Returns 0 if
  // thread mode already belongs to another source, UINT32_MAX if no thread can be created.
  std::uint32_t submit(bool in_thread, const probes::ProbeRequest& request,
                       const std::shared_ptr<Port>& port);
  // Ends a request that waits for events.
  void cancel(std::uint32_t id);
  // An environment starts to listen. The warden exits with the last one.
  void open_port();
  // Delivers nothing more to this port.
  void close_port(const Port* port);

  // Ends the warden and waits until it is reaped, at most `limit_ms`. Its requests get no answer
  // any longer: for a process that exits.
  void end_warden(std::uint32_t limit_ms);

  // Brings the cursor's target up to the last snapshot, without asking any process. Returns false
  // if there is none, or if it is just being written; the target may then be torn.
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
  // All wardens that were told to exit are gone; with mutex_ held.
  void on_warden_left() { pthread_cond_broadcast(&left_); }

  // From the I/O thread or the probe thread.
  void deliver(wire::FrameType type, std::uint32_t request, const void* payload, std::size_t size);
  void set_page(std::uint32_t source, bool in_thread, wire::Page* page);
  // Tells every request that waits for the warden why it gets no answer.
  void fail_warden_requests(const wire::LostRecord& lost);

  struct Waiting {
    std::shared_ptr<Port> port;
    bool in_thread;
    bool events;  // continues until it is cancelled
  };

  std::mutex mutex_;
  std::vector<std::unique_ptr<RegisteredSpec>> sources_;
  std::unordered_map<std::uint32_t, Waiting> waiting_;
  std::uint32_t next_request_ = 1;
  std::size_t ports_ = 0;
  // Not std::condition_variable: its wait() needs a newer libstdc++ than Node does.
  pthread_cond_t left_{};
  std::atomic<pid_t> owner_{0};  // the process that runs the I/O thread, not one forked from it
  bool thread_running_ = false;
  int wake_fd_ = -1;
  std::unique_ptr<WardenLink> warden_;
  std::unique_ptr<ThreadEngine> engine_;
};

}  // namespace gpuprobe::addon
