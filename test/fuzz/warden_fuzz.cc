// The supervisor between a service and children that send arbitrary bytes; no process is started,
// killed or waited for. Whatever they send, a request ends at most as often as it was made, and the
// service gets whole frames.
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <new>

#include "message.h"
#include "warden/supervisor.h"

namespace {

using namespace gpuprobe;

constexpr unsigned kMostSteps = 64;   // so that no answer fills a socket
constexpr pid_t kFirstPid = 1 << 23;  // above the kernel's maximum pid

struct FakeChild {
  pid_t pid;
  int end;
};

// Stands in for the kernel.
struct Kernel {
  std::vector<FakeChild> children;
  int last_end = -1;  // the child's end of the last socketpair
  bool may_fork = true;
};
Kernel kernel;

}  // namespace

extern "C" {

int __real_socketpair(int domain, int type, int protocol, int* ends);

int __wrap_socketpair(int domain, int type, int protocol, int* ends) {
  const int result = __real_socketpair(domain, type, protocol, ends);
  kernel.last_end = result == 0 ? dup(ends[1]) : -1;
  return result;
}

pid_t __wrap_fork() {
  if (!kernel.may_fork) return -1;
  const pid_t pid = kFirstPid + static_cast<pid_t>(kernel.children.size());
  kernel.children.push_back({pid, kernel.last_end});
  return pid;
}

int __wrap_kill(pid_t, int) { return 0; }

}  // extern "C"

namespace {

class Stage {
 public:
  Stage() {
    // Zeroed memory, like that of a static object; a run touches little of it.
    void* memory = mmap(nullptr, sizeof(warden::Supervisor), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(memory != MAP_FAILED);
    supervisor_ = new (memory) warden::Supervisor(pair_up());
    MUST(supervisor_->prepare());
  }

  ~Stage() {
    supervisor_->children().free_slot();
    munmap(supervisor_->children().begin()->where,
           warden::kMaxChildren * sizeof(probes::CurrentCall));
    for (warden::Child& child : supervisor_->children()) {
      if (child.page != nullptr) wire::unmap_page(child.page);
    }
    supervisor_->~Supervisor();
    munmap(supervisor_, sizeof(warden::Supervisor));
  }

  void step(fuzz::Input* input) {
    switch (input->take<std::uint8_t>() % 7) {
      case 0:
        return from_service(input);
      case 1:
        return from_child(input);
      case 2:
        return pass_time(input);
      case 3:
        return corrupt_current_call(input);
      case 4:
        return end_child(input);
      case 5:
        return hang_up(input);
      default:
        kernel.may_fork = input->take<std::uint8_t>() != 1;
    }
  }

  // Reads what the service was sent since the last call.
  void read_answers() {
    static wire::Frame frame;
    int passed = -1;
    for (;;) {
      const wire::Received received =
          wire::receive_frame(service_[1], &frame, &passed, MSG_DONTWAIT);
      if (received == wire::Received::nothing) return;
      MUST(received == wire::Received::frame);
      if (passed >= 0) close(passed);
      MUST((passed >= 0) == (frame.header.type == wire::FrameType::page));
      if (frame.header.type != wire::FrameType::done) continue;
      MUST(wire::holds<wire::DoneRecord>(frame));
      MUST(open_[frame.header.request]-- > 0);
    }
  }

 private:
  int pair_up() {
    MUST(__real_socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, service_) == 0);
    return service_[0];
  }

  FakeChild* chosen(fuzz::Input* input) {
    const std::size_t index = input->take<std::uint8_t>();
    return kernel.children.empty() ? nullptr : &kernel.children[index % kernel.children.size()];
  }

  void from_service(fuzz::Input* input) {
    const fuzz::Message message = fuzz::take_message(input);
    if (!fuzz::send_message(service_[1], message)) return;
    static wire::Frame frame;
    int passed = -1;
    if (wire::receive_frame(service_[0], &frame, &passed, MSG_DONTWAIT) != wire::Received::frame) {
      return;
    }
    if (frame.header.type == wire::FrameType::probe) ++open_[frame.header.request];
    supervisor_->on_frame(frame, passed);
  }

  void from_child(fuzz::Input* input) {
    FakeChild* fake = chosen(input);
    fuzz::Message message = fuzz::take_message(input);
    warden::Child* child = fake == nullptr ? nullptr : supervisor_->children().by_pid(fake->pid);
    if (child == nullptr || child->socket < 0) return;
    // Mostly about the child's own request.
    if (message.request == 0) message.request = child->request;
    if (fuzz::send_message(fake->end, message)) supervisor_->on_child_frame(child);
  }

  void pass_time(fuzz::Input* input) {
    const std::uint64_t now_ns = probes::monotonic_ns() + input->take<std::uint32_t>() * 1000ull;
    supervisor_->on_time(now_ns);
    MUST(supervisor_->next_timeout_ms(now_ns) >= -1);
  }

  void corrupt_current_call(fuzz::Input* input) {
    FakeChild* fake = chosen(input);
    const std::vector<std::uint8_t> bytes = input->take_block();
    warden::Child* child = fake == nullptr ? nullptr : supervisor_->children().by_pid(fake->pid);
    if (child == nullptr || bytes.empty()) return;
    const std::size_t size = std::min(bytes.size(), sizeof(probes::CurrentCall));
    auto* where = const_cast<probes::CurrentCall*>(child->current_call());
    memcpy(static_cast<void*>(where), bytes.data(), size);
  }

  void end_child(fuzz::Input* input) {
    FakeChild* fake = chosen(input);
    const int status = input->take<std::uint16_t>();
    if (fake == nullptr) return;
    close(fake->end);
    fake->end = -1;
    supervisor_->on_exit(fake->pid, status);
  }

  void hang_up(fuzz::Input* input) {
    FakeChild* fake = chosen(input);
    if (fake == nullptr || fake->end < 0) return;
    close(fake->end);
    fake->end = -1;
    warden::Child* child = supervisor_->children().by_pid(fake->pid);
    if (child != nullptr && child->socket >= 0) supervisor_->on_child_hangup(child);
  }

  int service_[2];
  warden::Supervisor* supervisor_;
  std::map<std::uint32_t, int> open_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Input input(bytes, size);
  const int first = fuzz::first_free_descriptor();
  kernel = {};
  {
    Stage stage;
    for (unsigned i = 0; i < kMostSteps && !input.empty(); ++i) {
      stage.step(&input);
      stage.read_answers();
    }
  }
  close_range(static_cast<unsigned>(first), ~0u, 0);
  return 0;
}
