// The service's end of the warden: starts it when something is to be asked, replays to it what it
// must know, and reads what it says. All but `post` runs on the I/O thread.
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

  // From a JavaScript thread, with the hub's mutex held. Writes to the socket at once where there
  // is a warden with nothing queued before it, which saves a hop; true: the I/O thread has to be
  // woken.
  bool post(std::uint32_t id, const probes::ProbeRequest& request);

  // The same for the end of a request that waits for events.
  bool cancel(std::uint32_t id);

  // With the hub's mutex held: drops what is queued, and asks the I/O thread, which has to be
  // woken, to end the warden; a request that comes later starts another. False: there is none, and
  // none is ending.
  bool leave(std::uint64_t now_ns);
  // With the hub's mutex held: since when the last one is ending; 0: none is.
  std::uint64_t leaving_since_ns() const { return leaving_since_ns_; }

  // With the hub's mutex held. The file that is there now is the one that is started, however late.
  void set_path(const std::string& path);
  int descriptor() const { return socket_; }
  // Readable when a warden that was told to end has ended.
  int departure_descriptor() const { return departures_.descriptor(); }
  pid_t pid() const { return process_.pid(); }

  // I/O thread: ends the warden if that was asked for.
  void depart();
  // I/O thread: starts the warden if something waits, and sends what is queued.
  void flush();
  // I/O thread: the socket was full, and something is still to be sent.
  bool wants_to_write() const { return socket_ >= 0 && queued_; }
  // I/O thread: the socket is readable or has ended.
  void on_readable();
  // I/O thread: reaps earlier wardens, and what they have left behind.
  void on_time(std::uint64_t now_ns);
  int next_timeout_ms(std::uint64_t now_ns) const;

 private:
  struct Queued {
    std::uint32_t id;
    probes::ProbeRequest request;  // of no kind: the one of that id is cancelled
  };

  int start();
  int send(const Queued& queued);
  int send_source(std::uint32_t id, const RegisteredSpec& source);
  void send_queued();
  // False: it is nothing that a warden says.
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
  // Whether `queue_` holds something: the I/O thread looks at every turn, and need not take the
  // lock.
  std::atomic<bool> queued_{false};
};

}  // namespace gpuprobe::addon
