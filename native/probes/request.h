// What a process that enters the driver can be asked, and where its answers go.
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
  // Also read the lists that hold the driver's locks for long: processes (4.5 ms on a laptop 4090,
  // flightlessmango/MangoHud#2104) and encoder sessions.
  kWithLists = 1 << 0,
  // Repeat the records of loading and initialising, which happened at the first request.
  kWithHistory = 1 << 1,
  // Skip a GPU that runtime power management has suspended: a reading would wake it.
  kSkipSuspended = 1 << 2,
};

struct ProbeRequest {
  ProbeKind kind;
  std::uint16_t flags;
  std::uint32_t source;
  std::uint32_t soft_ms;
  std::uint32_t hard_ms;
  char device[48];      // context kinds: the GPU's UUID, or its PCI bus id; otherwise ""
  char pci_bus_id[32];  // of the same GPU, for a CUDA without UUIDs; "" = unknown
};
static_assert(sizeof(ProbeRequest) == 96);

// Where the driver libraries come from, for one process.
struct Source {
  const char* directories;  // colon-separated; "" = the dynamic linker's choice
  int world_fd;             // the simulated machine, or -1 for the real one
  bool own_process;         // not the service's process: the environment may be changed
};

enum class EventKind : std::uint32_t { listening, xid };

// What a process that waits for events sends: first that it is listening, then each event.
struct EventRecord {
  EventKind kind;
  std::uint32_t simulated;
  std::uint64_t code;  // the Xid
  char device[48];     // UUID, or ""
};
static_assert(sizeof(EventRecord) == 64);

// Describes one of the driver's libraries, and which functions of its list it exports.
constexpr std::size_t kMaxSymbols = 128;
struct LibraryRecord {
  LibraryId library;
  std::uint16_t loaded;     // 1: the file could be opened
  std::uint16_t usable;     // 1: it also has all required functions
  std::uint16_t simulated;  // 1: it is the simulator
  std::uint32_t symbol_count;
  std::uint32_t reserved;
  char path[256];
  char error[256];  // why it could not be opened, or the first required function that is missing
  std::uint8_t present[kMaxSymbols];
};
static_assert(sizeof(LibraryRecord) == 16 + 256 + 256 + kMaxSymbols);

// Receives answers as they come, so that what was learnt before a hang or a crash is not lost.
// Function pointers, not a class: a vtable's pure virtual functions would link the C++ runtime.
struct Sink {
  void* self;
  CurrentCall* where;
  void (*check)(void* self, const CheckRecord& record);
  // Passes on the records of a relayed frame; `send` calls it.
  void (*relay)(void* self, FrameType type, const void* records, std::size_t size);
  // Called when a telemetry snapshot is complete.
  void (*snapshot)(void* self, const Snapshot& snapshot);
  // Called for each event; null if nobody can wait for events.
  void (*event)(void* self, const EventRecord& record);
  // Returns the first line that the library printed since the last call; may be null.
  void (*printed)(void* self, char* out, std::size_t size);

  template <typename T>
  void send(FrameType type, const T* records, std::size_t count = 1) const {
    relay(self, type, records, count * sizeof *records);
  }
};

// A check in progress: records itself as the current call, measures its duration, reports once.
class Question {
 public:
  Question(const Sink& sink, CheckId check, Via via, const char* device = "");
  // Reports `code` of `api`: 0 is ok, anything else is failed.
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
