// Frames between the service, its warden and the warden's children: one SOCK_SEQPACKET message
// each, a fixed header and a flat payload, so a reader either has a whole frame or none. Versioned:
// a running warden may outlive the package that started it.
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

// Ends a request, with its last record where there is one: a frame less is a wake-up less in each
// of three processes.
struct DoneRecord {
  std::uint64_t generation;  // telemetry: of the page's snapshot; 0 elsewhere
  std::uint32_t has_check;
  std::uint32_t leaving;  // 1: its process ends now, and takes no further request
  probes::CheckRecord check;
};
static_assert(sizeof(DoneRecord) == 16 + sizeof(probes::CheckRecord));

// Why no warden answers: an errno of starting it, or how the last one ended.
struct LostRecord {
  std::int32_t start_errno;
  std::int32_t wait_status;
  std::uint32_t retry_ms;  // not 0: none was started, since they end again and again
};

// A source as it travels: sizes, then `directories`, then the environment as "NAME=value" strings,
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

// Sends one frame; `pass` is a descriptor to hand over, or -1. 0 or an errno; EAGAIN only with
// MSG_DONTWAIT.
int send_frame(int socket, FrameType type, std::uint32_t request, const void* payload,
               std::size_t size, int pass, int flags);

// Receives one frame. `passed` gets a descriptor that came along, or -1; one that came with a
// malformed frame is closed.
Received receive_frame(int socket, Frame* frame, int* passed, int flags);

// True when the payload is exactly one T, or for arrays a whole number of them.
template <typename T>
bool holds(const Frame& frame) {
  return frame.header.size == sizeof(T);
}

// Whether the frame is one that a warden, or a child of its, sends, and holds what its type says. A
// driver may have written over all of it.
bool is_answer(const Frame& frame);
// Whether the warden hands such a frame on as it is.
bool is_relayed(FrameType type);

}  // namespace gpuprobe::wire
