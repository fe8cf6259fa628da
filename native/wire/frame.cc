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
        close(descriptor);
      }
    }
  }
  return taken;
}

}  // namespace

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
                     header.size == length - sizeof header;
  if (whole) return Received::frame;
  if (*passed >= 0) close(*passed);
  *passed = -1;
  return Received::malformed;
}

}  // namespace gpuprobe::wire
