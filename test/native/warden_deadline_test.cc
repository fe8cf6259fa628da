// Deadlines: which child is stuck, who may still enter the library, and who is killed.
#include <signal.h>
#include <unistd.h>

#include "check.h"
#include "sim_world.h"
#include "warden_client.h"

namespace {

using namespace gpuprobe::probes;
using namespace gpuprobe::test;
using gpuprobe::driver::FunctionId;

constexpr char kContextHangs[] =
    "faults=1\nfaults.0.function=cuCtxCreate_v2\nfaults.0.effect=hang\n";
constexpr char kPowerHangs[] =
    "faults=1\nfaults.0.function=nvmlDeviceGetPowerUsage\nfaults.0.effect=hang\n";

// Long enough for a child to reach the call that hangs, even on a busy machine and under a
// sanitizer.
constexpr Deadlines kSoft = {1500, 600'000};

TEST("past the soft deadline the answer is a timeout, and the process stays") {
  Warden warden;
  warden.add_simulator(healthy_world(kContextHangs));
  const Answer& answer = warden.ask(ProbeKind::fresh_context, kSoft, kGpu0);
  const CheckRecord& record = answer.check(CheckId::cuda_context);
  CHECK_EQ(Outcome::timeout, record.outcome);
  CHECK_EQ(Via::fresh, record.via);
  CHECK_EQ(kGpu0, record.device);
  CHECK_EQ("cuCtxCreate_v2", record.function);
  CHECK(record.duration_ns >= 1'500'000'000);
  CHECK(strncmp(record.detail, "state S", 7) == 0);
  CHECK_EQ(Outcome::ok, answer.check(CheckId::cuda_init).outcome);
  CHECK_EQ("gpuprobe-fresh", process_name(warden.child()));
}

TEST("two stuck in a library: the third is not let in") {
  Warden warden;
  warden.add_simulator(healthy_world(kContextHangs));
  warden.add_source(1, GPUPROBE_SIMULATOR, healthy_world());
  for (int i = 0; i < 2; ++i) {
    const Answer& answer = warden.ask(ProbeKind::fresh_context, kSoft, kGpu0);
    CHECK_EQ(Outcome::timeout, answer.check(CheckId::cuda_context).outcome);
  }
  const std::vector<pid_t> stuck = warden.children();
  CHECK_EQ(2u, stuck.size());
  // Answered at once although the deadlines are far away, by no process that entered the library.
  for (const ProbeKind kind : {ProbeKind::fresh_context, ProbeKind::fresh_cuda,
                               ProbeKind::warm_init, ProbeKind::warm_context}) {
    const CheckRecord& record = warden.ask(kind, {}, kGpu0).only();
    CHECK_EQ(Outcome::not_probed, record.outcome);
    CHECK_EQ(Api::probe, record.api);
    CHECK_EQ(kPROBE_STUCK, record.code);
  }
  CHECK(stuck == warden.children());
  // The other library, and the same one of another source, can still be entered.
  CHECK_EQ(Outcome::ok, warden.ask(ProbeKind::fresh_nvml).check(CheckId::nvml_init).outcome);
  CHECK_EQ(Outcome::ok,
           warden.ask(ProbeKind::fresh_cuda, {}, "", 1).check(CheckId::cuda_init).outcome);
  // One of the two is gone: the library can be entered again.
  CHECK_EQ(0, kill(stuck[0], SIGKILL));
  warden.wait_for_children(1);
  CHECK_EQ(Outcome::ok, warden.ask(ProbeKind::fresh_cuda).check(CheckId::cuda_init).outcome);
}

TEST("a stuck telemetry child is not asked again; a new one is tried") {
  Warden warden;
  warden.add_simulator(healthy_world(kPowerHangs));
  const Answer& first = warden.ask(ProbeKind::telemetry, kSoft);
  CHECK_EQ("nvmlDeviceGetPowerUsage", first.check(CheckId::nvml_telemetry).function);
  CHECK_EQ(Outcome::timeout, first.check(CheckId::nvml_telemetry).outcome);
  const Answer& second = warden.ask(ProbeKind::telemetry, kSoft);
  CHECK_EQ(Outcome::timeout, second.check(CheckId::nvml_telemetry).outcome);
  CHECK_EQ(1u, second.pages);
  CHECK_EQ(2u, warden.children().size());
  CHECK_EQ(kPROBE_STUCK, warden.ask(ProbeKind::telemetry, kSoft).only().code);
}

TEST("past the hard deadline the process is killed, and the library is entered again") {
  Warden warden;
  warden.add_simulator(healthy_world(kContextHangs));
  for (int i = 0; i < 3; ++i) {
    const Answer& answer = warden.ask(ProbeKind::fresh_context, {300, 600}, kGpu0);
    CHECK_EQ(Outcome::timeout, answer.checks.back().outcome);
    warden.wait_for_children(0);
  }
}

TEST("a hard deadline before the soft one still gives a verdict") {
  Warden warden;
  warden.add_simulator(healthy_world(kContextHangs));
  const Answer& answer = warden.ask(ProbeKind::fresh_context, {600'000, 1000}, kGpu0);
  CHECK_EQ(Outcome::timeout, answer.checks.back().outcome);
  CHECK_EQ(1u, answer.dones);
  warden.wait_for_children(0);
}

TEST("an answer after the deadline is late, and still told") {
  Warden warden;
  warden.add_simulator(
      healthy_world("faults=1\nfaults.0.function=cuInit\nfaults.0.delayMs=3000\n"));
  const std::uint32_t id = warden.request(ProbeKind::fresh_cuda, {300, 600'000});
  const Answer& answer = warden.wait(id);
  CHECK_EQ(Outcome::timeout, answer.check(CheckId::cuda_init).outcome);
  warden.wait_late(id, 1);
  CHECK_EQ(CheckId::cuda_init, answer.late.back().check);
  CHECK_EQ(Outcome::ok, answer.late.back().outcome);
  CHECK(answer.late.back().duration_ns >= 3'000'000'000);
  warden.wait_for_children(0);
  CHECK_EQ(1u, answer.dones);
}

TEST("a persistent child that was late serves again") {
  Warden warden;
  warden.add_simulator(
      healthy_world("faults=1\nfaults.0.function=nvmlDeviceGetCount_v2\nfaults.0.delayMs=2000\n"));
  const std::uint32_t id = warden.request(ProbeKind::telemetry, {300, 600'000});
  CHECK_EQ(Outcome::timeout, warden.wait(id).checks.back().outcome);
  const pid_t child = warden.child();
  while (warden.answer(id).late.empty() ||
         warden.answer(id).late.back().check != CheckId::nvml_telemetry) {
    CHECK(warden.receive());
  }
  // Its last frame, which ends the stuck state, may still be on its way: then a second child
  // serves.
  const Answer& answer = warden.ask(ProbeKind::telemetry);
  CHECK_EQ(Outcome::ok, answer.check(CheckId::nvml_telemetry).outcome);
  if (answer.pages == 0) CHECK_EQ(child, warden.child());
}

TEST("canaries of one library take turns") {
  Warden warden;
  warden.add_simulator(healthy_world("faults=1\nfaults.0.function=cuInit\nfaults.0.delayMs=300\n"));
  std::uint32_t last = 0;
  for (int i = 0; i < 3; ++i) last = warden.request(ProbeKind::fresh_cuda);
  CHECK_EQ(Outcome::ok, warden.ask(ProbeKind::nodes).check(CheckId::nodes).outcome);
  while (warden.answer(last).dones == 0) {
    CHECK(warden.receive());
    unsigned inside = 0;
    for (const pid_t pid : warden.children()) inside += process_name(pid) == "gpuprobe-fresh";
    CHECK(inside <= 2);  // one that works, one that is exiting
  }
}

TEST("a process that hangs before it says where is called by its question") {
  Warden warden;
  warden.add_simulator(healthy_world());
  const Answer& answer = warden.ask(ProbeKind::fresh_cuda, {0, 600'000});
  if (answer.checks.front().outcome == Outcome::timeout) {
    CHECK_EQ(Via::fresh, answer.checks.front().via);
    CHECK_EQ(1u, answer.dones);
  }
  warden.wait_for_children(0);
}

}  // namespace
