// What may be asked of a process that enters the driver, and where its answers go.
#pragma once

#include <cstddef>
#include <cstdint>

#include "driver/nodes.h"
#include "probes/check.h"
#include "probes/current_call.h"
#include "probes/frame_type.h"
#include "probes/kinds.h"
#include "probes/snapshot.h"

namespace gpuprobe::probes {

enum RequestFlags : std::uint16_t {
  // Also the lists that take the driver's locks for long: processes (4.5 ms on a laptop 4090,
  // flightlessmango/MangoHud#2104) and encoder sessions.
  kWithLists = 1 << 0,
  // Repeat the records of loading and initialising, which happened at the first request.
  kWithHistory = 1 << 1,
  // A GPU that runtime power management has suspended is left alone: a reading would wake it.
  kSkipSuspended = 1 << 2,
};

struct ProbeRequest {
  ProbeKind kind;
  std::uint16_t flags;
  std::uint32_t source;
  std::uint32_t soft_ms;
  std::uint32_t hard_ms;
  char device[48];      // context kinds: the GPU's UUID, else its PCI bus id; "" else
  char pci_bus_id[32];  // of the same GPU, for a CUDA that does not tell UUIDs; "" = not known
};
static_assert(sizeof(ProbeRequest) == 96);

// Where the driver libraries come from, for one process.
struct Source {
  const char* directories;  // colon-separated; "" = the dynamic linker's choice
  int world_fd;             // the simulated machine, or -1 for the real one
  bool own_process;         // not the service's own: the environment may be changed
};

enum class EventKind : std::uint32_t { listening, xid };

// What a process that waits for events says: once that it has begun to, then each event.
struct EventRecord {
  EventKind kind;
  std::uint32_t simulated;
  std::uint64_t code;  // of an Xid
  char device[48];     // UUID, or ""
};
static_assert(sizeof(EventRecord) == 64);

// What one of the driver's libraries is, and which of the functions of its list it has.
constexpr std::size_t kMaxSymbols = 128;
struct LibraryRecord {
  LibraryId library;
  std::uint16_t loaded;     // 1: the file could be opened
  std::uint16_t usable;     // 1: and has all functions that are required
  std::uint16_t simulated;  // 1: it is the simulator
  std::uint32_t symbol_count;
  std::uint32_t reserved;
  char path[256];
  char error[256];  // why it could not be opened, or the first required function that is missing
  std::uint8_t present[kMaxSymbols];
};
static_assert(sizeof(LibraryRecord) == 16 + 256 + 256 + kMaxSymbols);

// Receives answers as they come, so that what was learnt before a hang or a crash is not lost.
// Function pointers and not a class: a vtable's pure virtuals would link the C++ runtime.
struct Sink {
  void* self;
  CurrentCall* where;
  void (*check)(void* self, const CheckRecord& record);
  // Records of a frame that is relayed; `send` calls it.
  void (*relay)(void* self, FrameType type, const void* records, std::size_t size);
  // Telemetry: a snapshot is complete.
  void (*snapshot)(void* self, const Snapshot& snapshot);
  // An event; null where nobody can wait for one.
  void (*event)(void* self, const EventRecord& record);
  // What the library printed since the last call, one line; may be null.
  void (*printed)(void* self, char* out, std::size_t size);

  template <typename T>
  void send(FrameType type, const T* records, std::size_t count = 1) const {
    relay(self, type, records, count * sizeof *records);
  }
};

// A check in progress: records itself as the current call, measures, reports once.
class Question {
 public:
  Question(const Sink& sink, CheckId check, Via via, const char* device = "");
  // Reports `code` of `api`: 0 is ok, anything else failed.
  void answer(Api api, std::int32_t code, bool simulated);
  void answer(Outcome outcome, Api api, std::int32_t code, bool simulated, const char* detail);
  const CheckRecord& record() const { return record_; }
  CurrentCall* where() const { return sink_.where; }

 private:
  const Sink& sink_;
  CheckRecord record_;
  std::uint64_t started_ns_;
};

}  // namespace gpuprobe::probes
