// The driver's own time: the probes themselves, without warden, wire or JavaScript.
#include <sys/mman.h>

#include "driver/text.h"
#include "floors.h"
#include "probes/session.h"

namespace gpuprobe::bench {
namespace {

using probes::monotonic_ns;
using probes::ProbeKind;

constexpr std::size_t kBatch = 32;

// What came back, as far as a floor needs it.
struct Heard {
  bool failed;
  char uuid[48];  // of the first device
};

void on_check(void* self, const probes::CheckRecord& record) {
  if (record.outcome != probes::Outcome::ok) static_cast<Heard*>(self)->failed = true;
}

void on_relayed(void*, probes::FrameType, const void*, std::size_t) {}

void on_snapshot(void* self, const probes::Snapshot& snapshot) {
  driver::copy_text(static_cast<Heard*>(self)->uuid, snapshot.devices[0].uuid);
}

// What forks say to this process.
struct Shared {
  Heard first;
  std::uint64_t driver_ns;
};

// One process's probes, with nobody listening.
class Process {
 public:
  explicit Process(const Machine& machine, Heard* heard)
      : source_{machine.directory, machine.world}, sink_{heard,      &where_,     on_check,
                                                         on_relayed, on_snapshot, nullptr} {}

  void run(ProbeKind kind, const char* device) {
    probes::ProbeRequest request{};
    request.kind = kind;
    driver::copy_text(request.device, device);
    session().run(request, source_, sink_, probes::kind_info(kind).via);
  }

 private:
  // Zero at the start, and too large for a stack.
  static probes::Session& session() {
    static probes::Session only;
    return only;
  }

  probes::Source source_;
  probes::CurrentCall where_{};
  probes::Sink sink_;
};

bool take_snapshots(const Machine& machine, const Samples& samples, unsigned pause_us,
                    std::size_t batch) {
  Heard heard{};
  Process process(machine, &heard);
  process.run(ProbeKind::telemetry, "");  // loads and initialises
  for (std::size_t i = 0; !heard.failed && i < samples.count; ++i) {
    if (pause_us > 0) usleep(pause_us);
    const std::uint64_t started = monotonic_ns();
    for (std::size_t j = 0; j < batch; ++j) process.run(ProbeKind::telemetry, "");
    samples.ns[i] = static_cast<double>(monotonic_ns() - started) / static_cast<double>(batch);
  }
  return !heard.failed;
}

// The UUID of the first GPU, asked in a process of its own.
bool find_device(const Machine& machine, Heard* heard) {
  return in_fork([&] {
    Process(machine, heard).run(ProbeKind::telemetry, "");
    return !heard->failed;
  });
}

}  // namespace

bool raw_snapshot(const Machine& machine, const Samples& samples) {
  return in_fork([&] { return take_snapshots(machine, samples, 0, kBatch); });
}

bool raw_snapshot_paced(const Machine& machine, const Samples& samples, unsigned pause_us) {
  return in_fork([&] { return take_snapshots(machine, samples, pause_us, 1); });
}

bool raw_canary(const Machine& machine, const Samples& samples, bool driver_only) {
  void* shared =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return false;
  auto* told = static_cast<Shared*>(shared);
  bool whole = find_device(machine, &told->first);
  for (std::size_t i = 0; whole && i < samples.count; ++i) {
    const std::uint64_t started = monotonic_ns();
    whole = in_fork([&] {
      Heard heard{};
      const std::uint64_t entered = monotonic_ns();
      Process(machine, &heard).run(ProbeKind::fresh_context, told->first.uuid);
      told->driver_ns = monotonic_ns() - entered;
      return !heard.failed;
    });
    const std::uint64_t took = monotonic_ns() - started;
    samples.ns[i] = static_cast<double>(driver_only ? told->driver_ns : took);
  }
  munmap(shared, sizeof(Shared));
  return whole;
}

}  // namespace gpuprobe::bench
