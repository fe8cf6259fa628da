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

// Checks a record's values, not only its size. Most records have no such limits.
template <typename T>
bool is_record(const T&) {
  return true;
}

bool is_record(const probes::CheckRecord& record) {
  const auto check = static_cast<std::uint16_t>(record.check);
  return check > 0 && check <= probes::kCheckCount &&
         record.outcome <= probes::Outcome::not_probed && record.via <= probes::Via::thread &&
         record.api <= probes::Api::probe;
}

bool is_record(const probes::EventRecord& record) { return record.kind <= probes::EventKind::xid; }

bool is_record(const probes::LibraryRecord& record) {
  return record.symbol_count <= probes::kMaxSymbols;
}

bool is_record(const DoneRecord& record) {
  return record.has_check == 0 || is_record(record.check);
}

enum class Way { link, local, judged, relayed };
enum class Amount { one, list };

// Returns true if the payload holds the expected number of valid records.
template <typename T>
bool holds_records(const Frame& frame, Amount amount) {
  if (amount == Amount::one && !holds<T>(frame)) return false;
  for (std::size_t at = 0; at < frame.header.size; at += sizeof(T)) {
    if (frame.header.size - at < sizeof(T)) return false;
    T record;
    memcpy(&record, frame.payload + at, sizeof record);
    if (!is_record(record)) return false;
  }
  return true;
}

struct FrameInfo {
  FrameType type;
  Amount amount;
  Way way;
  bool (*holds_records)(const Frame& frame, Amount amount);
};

constexpr FrameInfo kFrames[] = {
#define FRAME_TO_WARDEN(symbol, number)
#define FRAME(symbol, number, payload, amount, way) \
  {FrameType::symbol, Amount::amount, Way::way, holds_records<payload>},
#include "catalog/frames.def"
#undef FRAME
#undef FRAME_TO_WARDEN
};

// Returns null if the service never gets frames of this type.
const FrameInfo* info_of(FrameType type) {
  for (const FrameInfo& info : kFrames) {
    if (info.type == type) return &info;
  }
  return nullptr;
}

}  // namespace

bool is_answer(const Frame& frame) {
  const FrameInfo* info = info_of(frame.header.type);
  return info != nullptr && info->way != Way::local && info->holds_records(frame, info->amount);
}

bool is_relayed(FrameType type) {
  const FrameInfo* info = info_of(type);
  return info != nullptr && info->way == Way::relayed;
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
