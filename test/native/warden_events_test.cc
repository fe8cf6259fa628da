// A process that waits for events: it blocks in the driver on purpose.
#include <signal.h>
#include <unistd.h>

#include "check.h"
#include "sim_world.h"
#include "warden_client.h"

namespace {

using namespace gpuprobe::probes;
using namespace gpuprobe::test;

// Shorter than the waits below: if it applied to the wait, it would be missed.
constexpr Deadlines kShort = {1000, 2000};
constexpr std::uint64_t kLongerUs = 2'500'000;

void report(int world, const char* xid) {
  change_world(world, healthy_text(std::string("devices.0.xid=") + xid + "\n"));
}

TEST("an Xid is told as it happens, by the GPU's name") {
  Warden warden;
  const int world = healthy_world();
  warden.add_simulator(world);
  const std::uint32_t id = warden.request(ProbeKind::events);
  CHECK_EQ(EventKind::listening, warden.wait_events(id, 1).events[0].kind);
  CHECK_EQ("gpuprobe-events", process_name(warden.child()));
  report(world, "79");
  const EventRecord& event = warden.wait_events(id, 2).events[1];
  CHECK_EQ(EventKind::xid, event.kind);
  CHECK_EQ(79u, event.code);
  CHECK_EQ(kGpu0, event.device);
  CHECK_EQ(1u, event.simulated);
  report(world, "31");
  CHECK_EQ(31u, warden.wait_events(id, 3).events[2].code);
}

TEST("what happened before is not told") {
  Warden warden;
  warden.add_simulator(healthy_world("devices.0.xid=48\n"));
  const std::uint32_t id = warden.request(ProbeKind::events);
  warden.wait_events(id, 1);
  CHECK_EQ(Outcome::ok, warden.ask(ProbeKind::telemetry).check(CheckId::nvml_telemetry).outcome);
  usleep(200'000);
  CHECK_EQ(Outcome::ok, warden.ask(ProbeKind::telemetry).check(CheckId::nvml_telemetry).outcome);
  CHECK_EQ(1u, warden.answer(id).events.size());
}

TEST("to wait for events is no hang: no deadline is kept, and nobody else is kept out") {
  Warden warden;
  const int world = healthy_world();
  warden.add_simulator(world);
  const std::uint32_t id = warden.request(ProbeKind::events, kShort);
  warden.wait_events(id, 1);
  const pid_t waiting = warden.child();
  CHECK_EQ(Outcome::ok, warden.ask(ProbeKind::telemetry).check(CheckId::nvml_telemetry).outcome);
  CHECK_EQ(Outcome::ok, warden.ask(ProbeKind::fresh_nvml).check(CheckId::nvml_init).outcome);
  usleep(kLongerUs);
  CHECK_EQ(Outcome::ok, warden.ask(ProbeKind::telemetry).check(CheckId::nvml_telemetry).outcome);
  CHECK_EQ(0u, warden.answer(id).dones);
  CHECK_EQ(0, kill(waiting, 0));
  report(world, "31");
  CHECK_EQ(31u, warden.wait_events(id, 2).events[1].code);
}

TEST("an open that hangs is a hang also for one that wants events") {
  Warden warden;
  warden.add_simulator(
      healthy_world("faults=1\nfaults.0.function=nvmlInit_v2\nfaults.0.effect=hang\n"));
  const Answer& answer = warden.ask(ProbeKind::events, kShort);
  CHECK_EQ(Outcome::timeout, answer.check(CheckId::nvml_init).outcome);
  CHECK_EQ(0u, answer.events.size());
  warden.wait_for_children(0);  // past the hard deadline
}

TEST("a wait that fails ends the request, and the next one opens nothing again") {
  Warden warden;
  const int world = healthy_world();
  warden.add_simulator(world);
  const std::uint32_t id = warden.request(ProbeKind::events);
  warden.wait_events(id, 1);
  const pid_t child = warden.child();
  // The Xid ends the current wait, which would take seconds; the next wait fails.
  change_world(world, healthy_text("devices.0.xid=31\nfaults=1\n"
                                   "faults.0.function=nvmlEventSetWait_v2\n"
                                   "faults.0.effect=return\nfaults.0.code=999\n"));
  const CheckRecord record = warden.wait(id).checks.back();
  CHECK_EQ(CheckId::nvml_devices, record.check);
  CHECK_EQ(Outcome::failed, record.outcome);
  CHECK_EQ(999, record.code);
  CHECK_EQ("nvmlEventSetWait_v2", record.function);
  change_world(world, healthy_text());
  const std::uint32_t next = warden.request(ProbeKind::events);
  CHECK_EQ(0u, warden.wait_events(next, 1).checks.size());
  CHECK_EQ(child, warden.child());
}

TEST("a driver without events says so") {
  Warden warden;
  warden.add_simulator(
      healthy_world("faults=1\nfaults.0.function=nvmlDeviceGetSupportedEventTypes\n"
                    "faults.0.effect=return\nfaults.0.code=3\n"));
  const CheckRecord record = warden.ask(ProbeKind::events).checks.back();
  CHECK_EQ(Outcome::failed, record.outcome);
  CHECK_EQ(3, record.code);
}

TEST("a request for events that is cancelled ends with its process; another one does not") {
  Warden warden;
  warden.add_simulator(healthy_world());
  const std::uint32_t first = warden.request(ProbeKind::events);
  const std::uint32_t second = warden.request(ProbeKind::events);
  warden.wait_events(first, 1);
  warden.wait_events(second, 1);
  CHECK_EQ(2u, warden.children().size());
  warden.cancel(first);
  warden.wait(first);
  warden.wait_for_children(1);
  CHECK_EQ(0u, warden.answer(second).dones);
  // Only a wait for events can be cancelled.
  const std::uint32_t telemetry = warden.request(ProbeKind::telemetry);
  warden.cancel(telemetry);
  CHECK_EQ(Outcome::ok, warden.wait(telemetry).check(CheckId::nvml_telemetry).outcome);
}

TEST("a process that waits for events ends with its warden") {
  Warden warden;
  warden.add_simulator(healthy_world());
  warden.wait_events(warden.request(ProbeKind::events), 1);
  const pid_t child = warden.child();
  CHECK_EQ(0, kill(warden.pid(), SIGKILL));
  wait_until([child] { return process_name(child) != "gpuprobe-events"; });
}

}  // namespace
