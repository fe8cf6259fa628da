// The warden with a broken driver library: each kind of misbehaviour costs one answer and nothing
// else.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "check.h"
#include "warden_client.h"

namespace {

using namespace gpuprobe::probes;
using namespace gpuprobe::test;

std::vector<std::string> misbehaving(const std::string& how) { return {"GPUPROBE_ROGUE=" + how}; }

// Each with its own source; the warden must answer all of them.
class Rogue {
 public:
  const Answer& ask(const std::string& how, const Deadlines& deadlines = {}) {
    warden.add_source(++source_, GPUPROBE_ROGUE, -1, misbehaving(how));
    return warden.ask(ProbeKind::fresh_nvml, deadlines, "", source_);
  }
  Warden warden;

 private:
  std::uint32_t source_ = 0;
};

// Returns a process's processor time in clock ticks: fields 14 and 15 of its stat.
long ticks_of(pid_t pid) {
  std::string text;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::getline(file, text);
  long user = 0;
  long system = 0;
  CHECK_EQ(2, sscanf(text.c_str() + text.rfind(')') + 1,
                     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system));
  return user + system;
}

TEST("a library that aborts is a crash, with the function it was in") {
  Rogue rogue;
  const CheckRecord& record = rogue.ask("abort").check(CheckId::nvml_init);
  CHECK_EQ(Outcome::crashed, record.outcome);
  CHECK_EQ(Api::signal, record.api);
  CHECK_EQ(SIGABRT, record.code);
  CHECK_EQ("nvmlInit_v2", record.function);
  CHECK_EQ(0u, record.simulated);
}

TEST("a library that exits is a crash too") {
  Rogue rogue;
  const CheckRecord& record = rogue.ask("exit").check(CheckId::nvml_init);
  CHECK_EQ(Outcome::crashed, record.outcome);
  CHECK_EQ(Api::exit_status, record.api);
  CHECK_EQ(7, record.code);
}

TEST("what a library prints is its first line, and evidence") {
  Rogue rogue;
  const CheckRecord& record = rogue.ask("print").check(CheckId::nvml_init);
  CHECK_EQ(Outcome::failed, record.outcome);
  CHECK_EQ(999, record.code);
  CHECK_EQ("NVIDIA: could not open the device file /dev/nvidiactl (Operation not permitted).",
           record.detail);
}

TEST("a library that writes into the socket is a crash, by the warden's hand") {
  Rogue rogue;
  const CheckRecord& record = rogue.ask("write-noise").check(CheckId::nvml_init);
  CHECK_EQ(Outcome::crashed, record.outcome);
  CHECK_EQ(SIGKILL, record.code);
  rogue.warden.wait_for_children(0);
}

TEST("a library that closes the socket costs its process, and no processor time") {
  Rogue rogue;
  const CheckRecord& record = rogue.ask("close-descriptors").check(CheckId::nvml_init);
  CHECK_EQ(Outcome::crashed, record.outcome);
  CHECK_EQ("nvmlInit_v2", record.function);
  rogue.warden.wait_for_children(0);
  const long before = ticks_of(rogue.warden.pid());
  usleep(300'000);
  CHECK(ticks_of(rogue.warden.pid()) - before < sysconf(_SC_CLK_TCK) / 5);
}

TEST("a helper that a library leaves behind is reaped, and nobody's answer") {
  Rogue rogue;
  const Answer& answer = rogue.ask("leave-helper");
  CHECK_EQ(Outcome::ok, answer.check(CheckId::nvml_init).outcome);
  rogue.warden.wait_for_children(0);
  CHECK_EQ(Outcome::failed, rogue.ask("print").check(CheckId::nvml_init).outcome);
}

TEST("a success beside a stuck process replaces it") {
  char folder[] = "/tmp/gpuprobe-rogue-XXXXXX";
  CHECK(mkdtemp(folder) != nullptr);
  const std::string mark = std::string(folder) + "/hung";
  Warden warden;
  warden.add_source(0, GPUPROBE_ROGUE, -1,
                    {"GPUPROBE_ROGUE=hang-once", "GPUPROBE_ROGUE_MARK=" + mark});
  const Answer& hung = warden.ask(ProbeKind::fresh_nvml, {1500, 600'000});
  const Outcome outcome = hung.check(CheckId::nvml_init).outcome;
  const std::vector<pid_t> stuck = warden.children();
  const Answer& recovered = warden.ask(ProbeKind::fresh_nvml);
  unlink(mark.c_str());
  rmdir(folder);
  CHECK_EQ(Outcome::timeout, outcome);
  CHECK_EQ(1u, stuck.size());
  CHECK_EQ(Outcome::ok, recovered.check(CheckId::nvml_init).outcome);
  warden.wait_for_children(0);
}

}  // namespace
