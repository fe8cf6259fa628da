#include "warden_client.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "check.h"

namespace gpuprobe::test {
namespace {

using wire::FrameType;

constexpr int kReceiveLimitMs = 60'000;

// Fields 3 and 4 of /proc/PID/stat, which follow the name in parentheses.
struct Stat {
  char state = 0;
  pid_t parent = 0;
};

Stat stat_of(const std::string& pid) {
  std::string text;
  std::ifstream file("/proc/" + pid + "/stat");
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 4 > text.size()) return {};
  return {text[name_end + 2], atoi(text.c_str() + name_end + 4)};
}

template <typename T>
T payload_of(const wire::Frame& frame) {
  CHECK(wire::holds<T>(frame));
  T record;
  memcpy(&record, frame.payload, sizeof record);
  return record;
}

}  // namespace

const probes::CheckRecord& Answer::check(probes::CheckId id) const {
  const probes::CheckRecord* found = nullptr;
  for (const probes::CheckRecord& record : checks) {
    if (record.check != id) continue;
    CHECK(found == nullptr);
    found = &record;
  }
  CHECK(found != nullptr);
  return *found;
}

const probes::CheckRecord& Answer::only() const {
  CHECK_EQ(1u, checks.size());
  return checks.front();
}

pid_t spawn_warden(int socket) {
  const std::string service = std::to_string(getpid());
  const pid_t pid = fork();
  if (pid == 0) {
    // Descriptor 3 without close-on-exec, even if it already is number 3.
    const int moved = fcntl(socket, F_DUPFD, 100);
    dup2(moved, 3);
    execl(GPUPROBE_WARDEN, "gpuprobe-warden", service.c_str(), nullptr);
    _exit(127);
  }
  CHECK(pid > 0);
  return pid;
}

std::string process_name(pid_t pid) {
  std::string name;
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::getline(file, name);
  return name;
}

void nap(int* rounds) {
  CHECK(++*rounds < 12'000);
  usleep(5000);
}

Warden::Warden() {
  int ends[2];
  CHECK_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
  pid_ = spawn_warden(ends[1]);
  CHECK_EQ(0, close(ends[1]));
  socket_ = ends[0];
  CHECK(receive());
  CHECK(ready_);
}

void Warden::add_source(std::uint32_t source, const std::string& directories, int world,
                        const std::vector<std::string>& environment) {
  std::string text = directories + '\0';
  for (const std::string& variable : environment) text += variable + '\0';
  const std::size_t environment_size = text.size() - directories.size() - 1;
  const wire::SourceHeader header = {source, world >= 0,
                                     static_cast<std::uint32_t>(directories.size() + 1),
                                     static_cast<std::uint32_t>(environment_size)};
  const std::string payload =
      std::string(reinterpret_cast<const char*>(&header), sizeof header) + text;
  CHECK_EQ(
      0, wire::send_frame(socket_, FrameType::source, 0, payload.data(), payload.size(), world, 0));
}

std::uint32_t Warden::request(probes::ProbeKind kind, const Deadlines& deadlines,
                              const std::string& device, std::uint32_t source,
                              std::uint16_t flags) {
  probes::ProbeRequest request{};
  request.kind = kind;
  request.flags = flags;
  request.source = source;
  request.soft_ms = deadlines.soft_ms;
  request.hard_ms = deadlines.hard_ms;
  device.copy(request.device, sizeof request.device - 1);
  const std::uint32_t id = ++last_request_;
  CHECK_EQ(0, wire::send_frame(socket_, FrameType::probe, id, &request, sizeof request, -1, 0));
  return id;
}

bool Warden::receive() {
  static wire::Frame frame;  // 48 KiB
  pollfd polled = {socket_, POLLIN, 0};
  CHECK_EQ(1, poll(&polled, 1, kReceiveLimitMs));
  int passed = -1;
  const wire::Received received = wire::receive_frame(socket_, &frame, &passed, MSG_DONTWAIT);
  if (received == wire::Received::closed) return false;
  CHECK_EQ(wire::Received::frame, received);
  take(frame, passed);
  return true;
}

void Warden::take(const wire::Frame& frame, int passed) {
  Answer& answer = answers_[frame.header.request];
  CHECK_EQ(frame.header.type == FrameType::page, passed >= 0);
  switch (frame.header.type) {
    case FrameType::check:
      CHECK_EQ(0u, answer.dones);
      answer.checks.push_back(payload_of<probes::CheckRecord>(frame));
      return;
    case FrameType::late:
      answer.late.push_back(payload_of<probes::CheckRecord>(frame));
      return;
    case FrameType::event:
      CHECK_EQ(0u, answer.dones);
      answer.events.push_back(payload_of<probes::EventRecord>(frame));
      return;
    case FrameType::nodes:
      answer.nodes = payload_of<driver::NodesFacts>(frame);
      ++answer.node_frames;
      return;
    case FrameType::devices:
      CHECK_EQ(0u, frame.header.size % sizeof(probes::CudaDeviceRecord));
      answer.devices.resize(frame.header.size / sizeof(probes::CudaDeviceRecord));
      if (!answer.devices.empty()) {
        memcpy(answer.devices.data(), frame.payload, frame.header.size);
      }
      return;
    case FrameType::library:
      answer.libraries.push_back(payload_of<probes::LibraryRecord>(frame));
      return;
    case FrameType::page:
      CHECK_EQ(sizeof(wire::Page), payload_of<wire::PageRecord>(frame).size);
      ++answer.pages;
      page_ = wire::map_page(passed, false);
      CHECK(page_ != nullptr);
      close(passed);
      return;
    case FrameType::done:
      ++answer.dones;
      answer.generation = payload_of<wire::DoneRecord>(frame).generation;
      if (payload_of<wire::DoneRecord>(frame).has_check != 0) {
        answer.checks.push_back(payload_of<wire::DoneRecord>(frame).check);
      }
      return;
    case FrameType::ready:
      CHECK_EQ(pid_, payload_of<wire::ReadyRecord>(frame).pid);
      CHECK(!ready_);
      ready_ = true;
      return;
    default:
      check::fail(__FILE__, __LINE__, "a frame that the warden does not send");
  }
}

const Answer& Warden::wait(std::uint32_t id) {
  while (answers_[id].dones == 0) CHECK(receive());
  CHECK_EQ(1u, answers_[id].dones);
  return answers_[id];
}

const Answer& Warden::wait_late(std::uint32_t id, std::size_t count) {
  while (answers_[id].late.size() < count) CHECK(receive());
  return answers_[id];
}

const Answer& Warden::wait_events(std::uint32_t id, std::size_t count) {
  while (answers_[id].events.size() < count) CHECK(receive());
  return answers_[id];
}

void Warden::cancel(std::uint32_t id) {
  CHECK_EQ(0, wire::send_frame(socket_, FrameType::cancel, id, nullptr, 0, -1, 0));
}

std::vector<pid_t> Warden::children(bool unreaped) const {
  std::vector<pid_t> found;
  DIR* folder = opendir("/proc");
  CHECK(folder != nullptr);
  while (const dirent* item = readdir(folder)) {
    const pid_t pid = atoi(item->d_name);
    if (pid <= 0) continue;
    const Stat stat = stat_of(item->d_name);
    const bool dead = stat.state == 'Z' || stat.state == 'X';
    if (stat.parent == pid_ && (unreaped || !dead)) found.push_back(pid);
  }
  closedir(folder);
  return found;
}

pid_t Warden::child() const {
  const std::vector<pid_t> found = children();
  CHECK_EQ(1u, found.size());
  return found.front();
}

void Warden::wait_for_children(std::size_t count) const {
  // Unreaped children still count as its children: it does not know yet that they ended.
  wait_until([&] { return children(true).size() == count; });
}

void Warden::close_socket() {
  CHECK_EQ(0, close(socket_));
  socket_ = -1;
}

const wire::Page& Warden::page() const {
  CHECK(page_ != nullptr);
  return *page_;
}

}  // namespace gpuprobe::test
