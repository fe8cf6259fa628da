// Decides who may enter a library now, who has been in it for too long, and who is killed. One
// thread, no driver calls, and only poll() blocks. Deadlines live here, so that a blocked event
// loop in the service neither delays nor fakes a timeout.
#pragma once

#include <cstdint>

#include "warden/children.h"
#include "warden/sources.h"
#include "wire/frame.h"

namespace gpuprobe::warden {

// With one stuck child, the library is still entered, once per check, to learn whether it has
// recovered. With two, it is left alone until one of them returns or is killed.
// mutation: stuck-cap
constexpr std::size_t kStuckLimit = 2;
constexpr std::size_t kMaxWaiting = 256;

class Supervisor {
 public:
  explicit Supervisor(int service) : service_(service) {}
  bool prepare() { return children_.prepare(); }

  // Handles a frame from the service. Takes ownership of `passed`, the descriptor sent with it.
  void on_frame(const wire::Frame& frame, int passed);
  void on_child_frame(Child* child);
  // Handles the end of a child's socket; the child can no longer answer. Usually it is already
  // exiting and is left to exit with its own status. If it is not, its driver has closed its
  // descriptors, and it is killed.
  void on_child_hangup(Child* child);
  void on_exit(pid_t pid, int status);
  // Answers and kills what is due.
  void on_time(std::uint64_t now_ns);
  // Returns the milliseconds until something is due, or -1 if nothing is.
  int next_timeout_ms(std::uint64_t now_ns) const;
  void kill_all();

  Children& children() { return children_; }

 private:
  struct Waiting {
    probes::ProbeRequest request;
    std::uint32_t id;  // never 0
  };

  void enqueue(const wire::Frame& frame);
  void cancel(std::uint32_t id);
  void start_waiting();
  bool try_start(const Waiting& waiting);
  bool start_child(const Waiting& waiting);
  bool fork_child(Child* child, const Waiting& waiting, const RegisteredSource& source);
  void ask(Child* child, const Waiting& waiting);
  void set_deadlines(Child* child, const Waiting& waiting);
  // Reads and handles one frame of the child.
  wire::Received receive(Child* child);
  void drain(Child* child);
  void on_answer(Child* child, const wire::Frame& frame);
  void on_event(Child* child, const wire::Frame& frame);
  void on_done(Child* child, const wire::Frame& frame);
  void kill_replaced(const Child& successor);
  void kill_child(Child* child);
  void time_out(Child* child, std::uint64_t now_ns);
  void release(Child* child);
  void send(wire::FrameType type, std::uint32_t id, const void* payload, std::size_t size,
            int pass = -1);
  void finish(std::uint32_t id, const probes::CheckRecord& record);

  int service_;
  Sources sources_;
  Children children_;
  Waiting waiting_[kMaxWaiting];
  std::size_t waiting_count_ = 0;
};

}  // namespace gpuprobe::warden
