// Frames between the service, its warden and the warden's children: one SOCK_SEQPACKET message
// each, with a fixed header and a flat payload, so that a reader gets a whole frame or none.
// Versioned: a running warden may outlive the package that started it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "probes/frame_type.h"
#include "probes/request.h"

namespace gpuprobe::wire {

constexpr std::uint32_t kFrameMagic = 0x42505247;  // "GRPB"
constexpr std::uint16_t kWireVersion = 3;
constexpr std::size_t kMaxPayload = std::size_t{48} * 1024;

using probes::FrameType;

struct FrameHeader {
  std::uint32_t magic;
  std::uint16_t version;
  FrameType type;
  std::uint32_t size;  // of the payload
  std::uint32_t request;
};
static_assert(sizeof(FrameHeader) == 16);

struct Frame {
  FrameHeader header;
  alignas(8) unsigned char payload[kMaxPayload];
};

struct ReadyRecord {
  std::int32_t pid;
  std::uint32_t reserved;
};

struct PageRecord {
  std::uint32_t source;
  std::uint32_t size;
};

// Ends a request and includes its last record if there is one: one frame less saves a wake-up in
// each of three processes.
struct DoneRecord {
  std::uint64_t generation;  // telemetry: of the page's snapshot; otherwise 0
  std::uint32_t has_check;
  std::uint32_t leaving;  // 1: its process exits now and accepts no more requests
  probes::CheckRecord check;
};
static_assert(sizeof(DoneRecord) == 16 + sizeof(probes::CheckRecord));

// Why no warden answers: the errno of starting it, or how the last one ended.
struct LostRecord {
  std::int32_t start_errno;
  std::int32_t wait_status;
  std::uint32_t retry_ms;  // if not 0, none was started, because they keep ending
};

// A source as it is sent: sizes, then `directories`, then the environment as "NAME=value" strings,
// all with their terminating zeros.
constexpr std::uint32_t kMaxSources = 32;
struct SourceHeader {
  std::uint32_t source;
  std::uint32_t simulated;
  std::uint32_t directories_size;
  std::uint32_t environment_size;
};
static_assert(sizeof(SourceHeader) == 16);

enum class Received { frame, nothing, closed, malformed };

// Sends one frame. `pass` is a descriptor to send with it, or -1. Returns 0 or an errno; EAGAIN
// only with MSG_DONTWAIT.
int send_frame(int socket, FrameType type, std::uint32_t request, const void* payload,
               std::size_t size, int pass, int flags);

// Receives one frame. `passed` is the descriptor that came with it, or -1. A descriptor that came
// with a malformed frame is closed.
Received receive_frame(int socket, Frame* frame, int* passed, int flags);

// Returns true if the payload has exactly the size of one T.
template <typename T>
bool holds(const Frame& frame) {
  return frame.header.size == sizeof(T);
}

// Returns true if the frame is one that the warden or its children send, and its content fits its
// type. A driver may have overwritten all of it.
bool is_answer(const Frame& frame);
// Returns true if the warden forwards such a frame unchanged.
bool is_relayed(FrameType type);

}  // namespace gpuprobe::wire
