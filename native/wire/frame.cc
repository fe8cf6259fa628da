#include "wire/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gpuprobe::wire {
namespace {

int take_descriptor(msghdr* message) {
  int taken = -1;
  for (cmsghdr* item = CMSG_FIRSTHDR(message); item != nullptr; item = CMSG_NXTHDR(message, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(item) + i * sizeof(int), sizeof descriptor);
      if (taken < 0) {
        taken = descriptor;
      } else {
        // mutation: passed-descriptors
        close(descriptor);
      }
    }
  }
  return taken;
}

template <typename T>
T payload_of(const Frame& frame) {
  T value;
  memcpy(&value, frame.payload, sizeof value);
  return value;
}

bool is_record(const probes::CheckRecord& record) {
  const auto check = static_cast<std::uint16_t>(record.check);
  return check > 0 && check <= probes::kCheckCount &&
         record.outcome <= probes::Outcome::not_probed && record.via <= probes::Via::thread &&
         record.api <= probes::Api::probe;
}

}  // namespace

bool is_answer(const Frame& frame) {
  switch (frame.header.type) {
    case FrameType::ready:
      return holds<ReadyRecord>(frame);
    case FrameType::page:
      return holds<PageRecord>(frame);
    case FrameType::check:
    case FrameType::late:
      return holds<probes::CheckRecord>(frame) && is_record(payload_of<probes::CheckRecord>(frame));
    case FrameType::nodes:
      return holds<driver::NodesFacts>(frame);
    case FrameType::devices:
      return frame.header.size % sizeof(probes::CudaDeviceRecord) == 0;
    case FrameType::event:
      return holds<probes::EventRecord>(frame) &&
             payload_of<probes::EventRecord>(frame).kind <= probes::EventKind::xid;
    case FrameType::library:
      return holds<probes::LibraryRecord>(frame) &&
             payload_of<probes::LibraryRecord>(frame).symbol_count <= probes::kMaxSymbols;
    case FrameType::done: {
      if (!holds<DoneRecord>(frame)) return false;
      const DoneRecord done = payload_of<DoneRecord>(frame);
      return done.has_check == 0 || is_record(done.check);
    }
    default:
      return false;
  }
}

int send_frame(int socket, FrameType type, std::uint32_t request, const void* payload,
               std::size_t size, int pass, int flags) {
  FrameHeader header = {kFrameMagic, kWireVersion, type, static_cast<std::uint32_t>(size), request};
  iovec parts[] = {{&header, sizeof header}, {const_cast<void*>(payload), size}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = size > 0 ? 2 : 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (pass >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(item), &pass, sizeof pass);
  }
  for (;;) {
    if (sendmsg(socket, &message, flags | MSG_NOSIGNAL) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

Received receive_frame(int socket, Frame* frame, int* passed, int flags) {
  *passed = -1;
  iovec parts[] = {{&frame->header, sizeof frame->header}, {frame->payload, sizeof frame->payload}};
  alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do {
    got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return errno == EAGAIN ? Received::nothing : Received::closed;
  *passed = take_descriptor(&message);
  if (got == 0) return Received::closed;
  const auto length = static_cast<std::size_t>(got);
  const FrameHeader& header = frame->header;
  const bool whole = length >= sizeof header && (message.msg_flags & MSG_TRUNC) == 0 &&
                     header.magic == kFrameMagic && header.version == kWireVersion &&
                     // mutation: frame-size
                     header.size == length - sizeof header;
  if (whole) return Received::frame;
  // mutation: descriptor-of-malformed
  if (*passed >= 0) close(*passed);
  *passed = -1;
  return Received::malformed;
}

}  // namespace gpuprobe::wire
