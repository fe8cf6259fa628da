// The service's end of the warden's socket, with arbitrary input: everything the addon does up to
// the JavaScript thread. This target takes the place of the started warden. Whatever it sends, each
// request ends exactly once, and what is read from a page has the stated size.
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "addon/hub.h"
#include "addon/restart_budget.h"
#include "addon/spawn.h"
#include "message.h"

namespace gpuprobe::addon {
namespace {

int warden_end = -1;

// Stands in for an environment: counts how often each request ended.
class CountingPort : public Port {
 public:
  void deliver(std::uint32_t request, wire::FrameType type, const void*, std::size_t) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool ends = type == wire::FrameType::done || type == wire::FrameType::lost;
    MUST(ends_[request] == 0);
    if (ends) ++ends_[request];
    ended_.notify_all();
  }

  // Returns true once the request has ended, and then forgets it.
  bool has_ended(std::uint32_t request) {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto moment = std::chrono::milliseconds(1);
    if (!ended_.wait_for(lock, moment, [&] { return ends_[request] > 0; })) return false;
    ends_.erase(request);
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<std::uint32_t, int> ends_;
};

std::uint32_t submit(const std::shared_ptr<CountingPort>& port) {
  probes::ProbeRequest request = {};
  request.kind = probes::ProbeKind::telemetry;
  const std::uint32_t id = Hub::instance().submit(false, request, port);
  MUST(id != 0 && id != UINT32_MAX);
  return id;
}

void read_page() {
  static unsigned char target[sizeof(probes::Snapshot)];
  static SnapshotCursor cursor;
  cursor.target = target;
  cursor.capacity = sizeof target;
  if (Hub::instance().read(&cursor)) MUST(cursor.size <= sizeof target);
}

// Reads the requests, so that the socket does not fill up.
void read_requests() {
  static wire::Frame frame;
  int passed = -1;
  while (wire::receive_frame(warden_end, &frame, &passed, MSG_DONTWAIT) == wire::Received::frame) {
    if (passed >= 0) close(passed);
  }
}

// Repeats until it arrives: a hub that received an invalid frame has closed the socket, and may be
// about to start another warden for this request.
void end(std::uint32_t request, CountingPort* port) {
  const wire::DoneRecord done = {};
  do {
    wire::send_frame(warden_end, wire::FrameType::done, request, &done, sizeof done, -1, 0);
  } while (!port->has_ended(request));
}

}  // namespace

int keep_executable(const std::string&) { return -1; }

int spawn_warden(int, const std::string&, const std::vector<std::string>&, int socket, pid_t* pid) {
  // Reuses the previous descriptor number, which the other thread may be about to use.
  warden_end = warden_end < 0 ? dup(socket) : dup2(socket, warden_end);
  *pid = 1 << 23;  // above the kernel's maximum pid
  return 0;
}

// A lost warden is restarted at once; otherwise most inputs would find none.
void RestartBudget::on_end(std::uint64_t) {}
std::uint32_t RestartBudget::wait_ms(std::uint64_t) const { return 0; }

}  // namespace gpuprobe::addon

using namespace gpuprobe;

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  addon::SourceSpec spec;
  MUST(addon::Hub::instance().add_source(spec, -1) == 0);
  // The first request starts the "warden".
  const auto port = std::make_shared<addon::CountingPort>();
  const std::uint32_t id = addon::submit(port);
  while (addon::Hub::instance().warden_pid() == 0) usleep(100);
  addon::end(id, port.get());
  return 0;
}

// Input: messages, each about one of two requests or about none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Input input(bytes, size);
  const auto port = std::make_shared<addon::CountingPort>();
  const std::uint32_t asked[] = {addon::submit(port), addon::submit(port)};
  while (!input.empty()) {
    fuzz::Message message = fuzz::take_message(&input);
    if (message.request < 2) message.request = asked[message.request];
    fuzz::send_message(addon::warden_end, message);
    addon::read_page();
  }
  for (const std::uint32_t request : asked) addon::end(request, port.get());
  addon::read_requests();
  addon::read_page();
  return 0;
}
