// The service's side of a warden: the real gpuprobe-warden over a real socket, as the addon would
// start it.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "driver/nodes.h"
#include "probes/check.h"
#include "probes/request.h"
#include "wire/frame.h"
#include "wire/page.h"

namespace gpuprobe::test {

// GPU 0 of sim_world.h.
inline constexpr char kGpu0[] = "GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01";

// The frames of one request, in order.
struct Answer {
  std::vector<probes::CheckRecord> checks;
  std::vector<probes::CheckRecord> late;
  std::vector<probes::CudaDeviceRecord> devices;
  std::vector<probes::LibraryRecord> libraries;
  std::vector<probes::EventRecord> events;
  driver::NodesFacts nodes;
  unsigned node_frames = 0;
  unsigned pages = 0;
  unsigned dones = 0;
  std::uint64_t generation = 0;

  // Returns the only record of that check; fails if there is none or more than one.
  const probes::CheckRecord& check(probes::CheckId id) const;
  // Returns the only record.
  const probes::CheckRecord& only() const;
};

struct Deadlines {
  std::uint32_t soft_ms = 60'000;
  std::uint32_t hard_ms = 600'000;
};

class Warden {
 public:
  // Starts a warden and waits until it is ready.
  Warden();

  // Sends a source; `world` is a simulated machine, or -1.
  void add_source(std::uint32_t source, const std::string& directories, int world,
                  const std::vector<std::string>& environment = {});
  // Source 0: a simulated machine.
  void add_simulator(int world) { add_source(0, GPUPROBE_SIMULATOR, world); }

  // Sends a request and returns its id.
  std::uint32_t request(probes::ProbeKind kind, const Deadlines& deadlines = {},
                        const std::string& device = "", std::uint32_t source = 0,
                        std::uint16_t flags = 0);
  // Waits until a request is done.
  const Answer& wait(std::uint32_t id);
  // Waits until `count` late answers to a request have arrived.
  const Answer& wait_late(std::uint32_t id, std::size_t count);
  const Answer& ask(probes::ProbeKind kind, const Deadlines& deadlines = {},
                    const std::string& device = "", std::uint32_t source = 0,
                    std::uint16_t flags = 0) {
    return wait(request(kind, deadlines, device, source, flags));
  }
  // Waits until `count` events of a request have arrived.
  const Answer& wait_events(std::uint32_t id, std::size_t count);
  void cancel(std::uint32_t id);
  const Answer& answer(std::uint32_t id) { return answers_[id]; }

  // Handles one frame. Returns false if the warden has exited.
  bool receive();

  // Returns the live children, without zombies.
  std::vector<pid_t> children(bool unreaped = false) const;
  // Returns the only child.
  pid_t child() const;
  // Waits until there are exactly `count` children.
  void wait_for_children(std::size_t count) const;

  int socket() const { return socket_; }
  void close_socket();
  pid_t pid() const { return pid_; }
  // Returns the page of the last `page` frame, mapped.
  const wire::Page& page() const;

 private:
  void take(const wire::Frame& frame, int passed);

  int socket_ = -1;
  pid_t pid_ = 0;
  bool ready_ = false;
  std::uint32_t last_request_ = 0;
  std::map<std::uint32_t, Answer> answers_;
  wire::Page* page_ = nullptr;
};

// Starts a warden with `socket` as its descriptor 3 and returns its pid.
pid_t spawn_warden(int socket);
// Returns the name that a process gave itself; "" if it is gone.
std::string process_name(pid_t pid);
// Sleeps a moment; fails after a minute in total.
void nap(int* rounds);

// Waits for `condition`. A liveness limit, not a speed limit.
template <typename Condition>
void wait_until(Condition condition) {
  int rounds = 0;
  while (!condition()) nap(&rounds);
}

}  // namespace gpuprobe::test
