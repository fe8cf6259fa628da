// Frames over a real socket: a reader gets a whole frame or none.
#include "wire/frame.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <random>
#include <vector>

#include "check.h"
#include "descriptors.h"

namespace {

using namespace gpuprobe::wire;
using gpuprobe::check::descriptors_of;

struct Pair {
  int writer;
  int reader;
  Pair() {
    int ends[2];
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
    writer = ends[0];
    reader = ends[1];
  }
};

Frame frame;
int passed = -1;

Received receive(const Pair& pair) {
  memset(&frame, 0xAA, sizeof frame);
  passed = -2;
  return receive_frame(pair.reader, &frame, &passed, MSG_DONTWAIT);
}

FrameHeader header_of(std::size_t size) {
  return {kFrameMagic, kWireVersion, FrameType::check, static_cast<std::uint32_t>(size), 7};
}

// Sends raw bytes as one message, with the requested number of descriptors.
void send_raw(const Pair& pair, const void* bytes, std::size_t size, int descriptor = -1,
              unsigned copies = 1) {
  iovec part = {const_cast<void*>(bytes), size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {};
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(copies * sizeof(int));
    cmsghdr* item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(copies * sizeof(int));
    for (unsigned i = 0; i < copies; ++i) {
      memcpy(CMSG_DATA(item) + i * sizeof(int), &descriptor, sizeof descriptor);
    }
  }
  CHECK_EQ(static_cast<ssize_t>(size), sendmsg(pair.writer, &message, MSG_NOSIGNAL));
}

TEST("a whole frame arrives") {
  const Pair pair;
  CHECK_EQ(0, send_frame(pair.writer, FrameType::nodes, 41, "payload", 8, -1, 0));
  CHECK_EQ(Received::frame, receive(pair));
  CHECK_EQ(FrameType::nodes, frame.header.type);
  CHECK_EQ(41u, frame.header.request);
  CHECK_EQ(8u, frame.header.size);
  CHECK_EQ("payload", reinterpret_cast<const char*>(frame.payload));
  CHECK_EQ(-1, passed);
  CHECK_EQ(Received::nothing, receive(pair));
}

TEST("frames keep their borders and their order") {
  const Pair pair;
  for (std::uint32_t id = 1; id <= 5; ++id) {
    CHECK_EQ(0, send_frame(pair.writer, FrameType::done, id, &id, sizeof id, -1, 0));
  }
  for (std::uint32_t id = 1; id <= 5; ++id) {
    CHECK_EQ(Received::frame, receive(pair));
    CHECK_EQ(id, frame.header.request);
    CHECK(holds<std::uint32_t>(frame) && !holds<DoneRecord>(frame));
  }
}

TEST("frames may be empty, or as long as the payload") {
  const Pair pair;
  static unsigned char payload[kMaxPayload];
  memset(payload, 0x5C, sizeof payload);
  CHECK_EQ(0, send_frame(pair.writer, FrameType::done, 1, nullptr, 0, -1, 0));
  CHECK_EQ(Received::frame, receive(pair));
  CHECK_EQ(0u, frame.header.size);
  CHECK_EQ(0, send_frame(pair.writer, FrameType::check, 1, payload, sizeof payload, -1, 0));
  CHECK_EQ(Received::frame, receive(pair));
  CHECK_EQ(kMaxPayload, frame.header.size);
  CHECK_EQ(0, memcmp(frame.payload, payload, sizeof payload));
}

TEST("what is no frame is refused") {
  const Pair pair;
  const auto refused = [&pair](const void* bytes, std::size_t size) {
    send_raw(pair, bytes, size);
    CHECK_EQ(Received::malformed, receive(pair));
    CHECK_EQ(-1, passed);
  };
  FrameHeader header = header_of(0);
  for (std::size_t size = 1; size < sizeof header; ++size) refused(&header, size);
  header.magic ^= 1;
  refused(&header, sizeof header);
  header = header_of(0);
  header.version = kWireVersion + 1;
  refused(&header, sizeof header);
  struct {
    FrameHeader header;
    char payload[8];
  } message = {header_of(8), "seven c"};
  for (const std::uint32_t lie : {0u, 7u, 9u, 0x7FFFFFFFu, 0xFFFFFFFFu, 0xFFFFFFF8u}) {
    message.header.size = lie;
    refused(&message, sizeof message);
  }
  message.header.size = 8;
  send_raw(pair, &message, sizeof message);
  CHECK_EQ(Received::frame, receive(pair));
}

// Checks a frame with this record, or its first `size` bytes, as payload.
template <typename T>
bool is_answer_with(FrameType type, const T& record, std::size_t size = sizeof(T)) {
  static Frame frame;
  frame.header.type = type;
  frame.header.size = static_cast<std::uint32_t>(size);
  memcpy(frame.payload, &record, sizeof record);
  return is_answer(frame);
}

TEST("an answer holds what its type says, and says nothing that cannot be") {
  gpuprobe::probes::CheckRecord check{};
  check.check = gpuprobe::probes::CheckId::nodes;
  for (const FrameType type : {FrameType::check, FrameType::late}) {
    CHECK(is_answer_with(type, check));
    CHECK(!is_answer_with(type, check, sizeof check - 1));
  }
  gpuprobe::wire::DoneRecord done{};
  CHECK(is_answer_with(FrameType::done, done));
  done.has_check = 1;  // but the record is invalid
  CHECK(!is_answer_with(FrameType::done, done));
  done.check = check;
  CHECK(is_answer_with(FrameType::done, done));
  check.check = gpuprobe::probes::CheckId{gpuprobe::probes::kCheckCount + 1};
  CHECK(!is_answer_with(FrameType::check, check));
  gpuprobe::probes::EventRecord event{};
  event.kind = gpuprobe::probes::EventKind::xid;
  CHECK(is_answer_with(FrameType::event, event));
  event.kind = gpuprobe::probes::EventKind{2};
  CHECK(!is_answer_with(FrameType::event, event));
  gpuprobe::probes::LibraryRecord library{};
  library.symbol_count = gpuprobe::probes::kMaxSymbols;
  CHECK(is_answer_with(FrameType::library, library));
  ++library.symbol_count;
  CHECK(!is_answer_with(FrameType::library, library));
}

TEST("only a list may be empty or long, and only of whole records") {
  const gpuprobe::probes::CudaDeviceRecord devices[2] = {};
  for (const std::size_t size : {std::size_t{0}, sizeof devices[0], sizeof devices}) {
    CHECK(is_answer_with(FrameType::devices, devices, size));
  }
  CHECK(!is_answer_with(FrameType::devices, devices, sizeof devices - 1));
  const gpuprobe::wire::PageRecord pages[2] = {};
  CHECK(is_answer_with(FrameType::page, pages, sizeof pages[0]));
  CHECK(!is_answer_with(FrameType::page, pages));
  CHECK(!is_answer_with(FrameType::page, pages, 0));
}

TEST("what the warden is told, and what the service makes itself, is no answer") {
  const gpuprobe::wire::LostRecord lost{};
  CHECK(!is_answer_with(FrameType::lost, lost));
  const gpuprobe::probes::ProbeRequest request{};
  CHECK(!is_answer_with(FrameType::probe, request));
  CHECK(!is_answer_with(FrameType::cancel, request, 0));
  CHECK(!is_answer_with(FrameType{999}, request, 0));
}

TEST("a message longer than any frame is refused") {
  const Pair pair;
  std::vector<unsigned char> bytes(sizeof(FrameHeader) + kMaxPayload + 1);
  for (const std::size_t claimed : {kMaxPayload, kMaxPayload + 1}) {
    const FrameHeader header = header_of(claimed);
    memcpy(bytes.data(), &header, sizeof header);
    send_raw(pair, bytes.data(), bytes.size());
    CHECK_EQ(Received::malformed, receive(pair));
  }
}

TEST("a descriptor arrives, closed on exec") {
  const Pair pair;
  const int memory = memfd_create("passed", 0);
  CHECK_EQ(3, write(memory, "abc", 3));
  CHECK_EQ(0, send_frame(pair.writer, FrameType::page, 1, nullptr, 0, memory, 0));
  CHECK_EQ(0, close(memory));
  CHECK_EQ(Received::frame, receive(pair));
  CHECK(passed >= 0);
  CHECK_EQ(FD_CLOEXEC, fcntl(passed, F_GETFD));
  char text[4] = "";
  CHECK_EQ(3, pread(passed, text, 3, 0));
  CHECK_EQ("abc", text);
}

TEST("no descriptor is kept but the one that is handed out") {
  const Pair pair;
  const int memory = memfd_create("passed", MFD_CLOEXEC);
  const FrameHeader good = header_of(0);
  FrameHeader bad = good;
  bad.size = 1;
  const unsigned before = descriptors_of("self");
  for (const unsigned copies : {1u, 2u, 4u, 8u}) {
    send_raw(pair, &bad, sizeof bad, memory, copies);
    CHECK_EQ(Received::malformed, receive(pair));
    CHECK_EQ(-1, passed);
    CHECK_EQ(before, descriptors_of("self"));
    send_raw(pair, &good, sizeof good, memory, copies);
    CHECK_EQ(Received::frame, receive(pair));
    CHECK_EQ(before + 1, descriptors_of("self"));
    CHECK_EQ(0, close(passed));
  }
  send_raw(pair, "x", 1, memory);
  CHECK_EQ(Received::malformed, receive(pair));
  CHECK_EQ(before, descriptors_of("self"));
}

TEST("an end that is gone is told") {
  const Pair pair;
  CHECK_EQ(0, send_frame(pair.writer, FrameType::done, 1, nullptr, 0, -1, 0));
  CHECK_EQ(0, close(pair.writer));
  CHECK_EQ(Received::frame, receive(pair));  // what was sent before still counts
  CHECK_EQ(Received::closed, receive(pair));
  CHECK_EQ(-1, passed);
  // Neither raises a signal nor blocks.
  CHECK_EQ(EPIPE, send_frame(pair.reader, FrameType::probe, 1, nullptr, 0, -1, 0));
  CHECK_EQ(EBADF, send_frame(-1, FrameType::probe, 1, nullptr, 0, -1, 0));
}

TEST("a full socket is an error only to those who will not wait") {
  const Pair pair;
  static unsigned char payload[kMaxPayload];
  int error = 0;
  for (int i = 0; i < 1000 && error == 0; ++i) {
    error = send_frame(pair.writer, FrameType::check, 1, payload, sizeof payload, -1, MSG_DONTWAIT);
  }
  CHECK_EQ(EAGAIN, error);
}

// Half of the messages are noise, half a valid header with one error or none.
TEST("20,000 random messages yield no frame with a lying size") {
  const Pair pair;
  std::mt19937 random(20251105);
  static unsigned char bytes[sizeof(FrameHeader) + kMaxPayload + 64];
  const int memory = memfd_create("passed", MFD_CLOEXEC);
  const unsigned before = descriptors_of("self");
  unsigned frames = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::size_t longest = random() % 100 == 0 ? sizeof bytes : 64;
    const std::size_t size = 1 + random() % longest;
    for (std::size_t at = 0; at < size && at < 256; ++at) {
      bytes[at] = static_cast<unsigned char>(random());
    }
    if (random() % 2 == 0 && size >= sizeof(FrameHeader)) {
      FrameHeader header = header_of(size - sizeof header);
      if (random() % 2 == 0) header.size += static_cast<std::uint32_t>(random() % 5) - 2;
      if (random() % 8 == 0) header.version = static_cast<std::uint16_t>(random() % 4);
      memcpy(bytes, &header, sizeof header);
    }
    send_raw(pair, bytes, size, random() % 4 == 0 ? memory : -1, 1 + random() % 5);
    const Received received = receive(pair);
    CHECK(received == Received::frame || received == Received::malformed);
    if (received == Received::frame) {
      ++frames;
      CHECK_EQ(size - sizeof(FrameHeader), frame.header.size);
      CHECK_EQ(0, memcmp(frame.payload, bytes + sizeof(FrameHeader), frame.header.size));
    }
    if (passed >= 0) close(passed);
  }
  CHECK(frames > 1000 && frames < 19000);
  CHECK_EQ(before, descriptors_of("self"));
}

}  // namespace
