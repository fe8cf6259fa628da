// The supervisor's deadlines, with sockets in place of children.
#include "warden/supervisor.h"

#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

namespace {

using namespace gpuprobe::warden;
using gpuprobe::probes::CheckRecord;
using gpuprobe::probes::Outcome;
using gpuprobe::probes::ProbeKind;
using gpuprobe::wire::DoneRecord;
using gpuprobe::wire::Frame;
using gpuprobe::wire::FrameType;
using gpuprobe::wire::Received;

constexpr std::uint32_t kRequest = 7;
constexpr std::uint64_t kLongAgo = 1;

struct Stage {
  int service[2];
  int child_socket[2];
  Supervisor supervisor;
  Child* child;

  Stage() : supervisor(pair_up(service)) {
    CHECK(supervisor.prepare());
    pair_up(child_socket);
    child = supervisor.children().free_slot();
    child->pid = fork();
    if (child->pid == 0) {
      pause();
      _exit(0);
    }
    child->socket = child_socket[0];
    child->asked.kind = ProbeKind::warm_context;
    child->request = kRequest;
    child->asked_ns = child->soft_ns = kLongAgo;
    child->hard_ns = UINT64_MAX;
  }

  static int pair_up(int (&sockets)[2]) {
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
    return sockets[0];
  }

  void answer(FrameType type, const void* payload, std::size_t size) {
    CHECK_EQ(0, gpuprobe::wire::send_frame(child_socket[1], type, kRequest, payload, size, -1, 0));
  }

  FrameType next(Frame* frame) {
    int passed = -1;
    CHECK(gpuprobe::wire::receive_frame(service[1], frame, &passed, MSG_DONTWAIT) ==
          Received::frame);
    return frame->header.type;
  }
};

TEST("an answer that has arrived is no timeout, however many frames it has") {
  Stage stage;
  CheckRecord record{};
  record.check = gpuprobe::probes::CheckId::cuda_init;
  const DoneRecord done{};
  stage.answer(FrameType::check, &record, sizeof record);
  stage.answer(FrameType::check, &record, sizeof record);
  stage.answer(FrameType::done, &done, sizeof done);
  stage.supervisor.on_time(kLongAgo + 1);
  static Frame frame;
  CHECK(stage.next(&frame) == FrameType::check);
  CHECK(stage.next(&frame) == FrameType::check);
  CHECK(stage.next(&frame) == FrameType::done);
  CHECK(!stage.child->busy() && !stage.child->stuck);
}

TEST("one that has not answered is timed out, once") {
  Stage stage;
  stage.supervisor.on_time(kLongAgo + 1);
  stage.supervisor.on_time(kLongAgo + 2);
  static Frame frame;
  CHECK(stage.next(&frame) == FrameType::done);
  DoneRecord done;
  __builtin_memcpy(&done, frame.payload, sizeof done);
  CHECK(done.check.outcome == Outcome::timeout);
  int passed = -1;
  CHECK(gpuprobe::wire::receive_frame(stage.service[1], &frame, &passed, MSG_DONTWAIT) ==
        Received::nothing);
  CHECK(stage.child->stuck);
}

TEST("a killed child that does not go still gets its request an answer") {
  Stage stage;
  stage.child->killed = true;
  stage.child->soft_ns = 5'000'000;
  CHECK_EQ(5, stage.supervisor.next_timeout_ms(0));
  stage.supervisor.on_time(5'000'000);
  CHECK(stage.child->stuck);
  CHECK_EQ(-1, stage.supervisor.next_timeout_ms(6'000'000));
}

}  // namespace
