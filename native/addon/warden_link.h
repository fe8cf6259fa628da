// The service's end of the warden: starts it when there is a request, sends it the sources it must
// know, and reads its frames. Everything but `post` runs on the I/O thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <deque>
#include <string>

#include "addon/departures.h"
#include "addon/hub.h"
#include "addon/orphans.h"
#include "addon/restart_budget.h"
#include "addon/warden_process.h"

namespace gpuprobe::addon {

class WardenLink {
 public:
  explicit WardenLink(Hub* hub) : hub_(hub) {}

  // Call from a JavaScript thread, with the hub's mutex held. Writes to the socket directly if a
  // warden runs and nothing is queued, which saves one hop. Returns true if the I/O thread must be
  // woken.
  bool post(std::uint32_t id, const probes::ProbeRequest& request);

  // Does the same to end a request that waits for events.
  bool cancel(std::uint32_t id);

  // Call with the hub's mutex held. Drops the queue and asks the I/O thread, which must be woken,
  // to end the warden; a later request starts another one. Returns false if no warden runs or is
  // exiting.
  bool leave(std::uint64_t now_ns);
  // Call with the hub's mutex held. Time since when the last warden is exiting; 0 if none is.
  std::uint64_t leaving_since_ns() const { return leaving_since_ns_; }

  // Call with the hub's mutex held. The file that is there now is started, however late.
  void set_path(const std::string& path);
  int descriptor() const { return socket_; }
  // Readable when a warden that was told to exit has exited.
  int departure_descriptor() const { return departures_.descriptor(); }
  pid_t pid() const { return process_.pid(); }

  // I/O thread: ends the warden if `leave` asked for it.
  void depart();
  // I/O thread: starts the warden if a request waits, and sends the queue.
  void flush();
  // I/O thread: the socket was full and something must still be sent.
  bool wants_to_write() const { return socket_ >= 0 && queued_; }
  // I/O thread: the socket is readable or closed.
  void on_readable();
  // I/O thread: reaps earlier wardens and their remaining children.
  void on_time(std::uint64_t now_ns);
  int next_timeout_ms(std::uint64_t now_ns) const;

 private:
  struct Queued {
    std::uint32_t id;
    probes::ProbeRequest request;  // kind none: cancel the request of that id
  };

  int start();
  int send(const Queued& queued);
  int send_source(std::uint32_t id, const RegisteredSpec& source);
  void send_queued();
  // Returns false if the frame is invalid.
  bool on_frame(const wire::Frame& frame, int passed);
  void on_end();
  void reap_departed(std::uint64_t now_ns);
  void fail(const wire::LostRecord& lost);

  Hub* hub_;
  std::string path_;
  int executable_ = -1;
  int socket_ = -1;
  WardenProcess process_;
  RestartBudget budget_;
  Orphans orphans_;
  Departures departures_;
  std::atomic<bool> asked_to_leave_{false};
  std::atomic<std::uint64_t> leaving_since_ns_{0};
  int last_status_ = 0;
  std::uint32_t sources_sent_ = 0;
  std::deque<Queued> queue_;
  // Whether `queue_` is non-empty: the I/O thread checks it on every turn, without the lock.
  std::atomic<bool> queued_{false};
};

}  // namespace gpuprobe::addon
