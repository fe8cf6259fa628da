// The warden's parts that read foreign bytes or keep the table, tested without a process.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>
#include <string>

#include "check.h"
#include "warden/children.h"
#include "warden/own_process.h"
#include "warden/sources.h"

namespace {

using namespace gpuprobe::warden;
using gpuprobe::probes::LibraryId;
using gpuprobe::probes::ProbeKind;
using gpuprobe::probes::ProbeRequest;
using gpuprobe::wire::Frame;
using gpuprobe::wire::SourceHeader;

Frame frame;
Sources sources;
Children children;

bool add(const SourceHeader& header, const std::string& text, int world = -1) {
  frame.header.size = static_cast<std::uint32_t>(sizeof header + text.size());
  memcpy(frame.payload, &header, sizeof header);
  text.copy(reinterpret_cast<char*>(frame.payload) + sizeof header, text.size());
  return sources.add(frame, world);
}

std::string zero_ended(const std::vector<std::string>& strings) {
  std::string text;
  for (const std::string& one : strings) text += one + '\0';
  return text;
}

TEST("a source is kept as it was described") {
  const std::string text = zero_ended({"/a:/b", "PATH=/bin", "EMPTY=", ""});
  CHECK(add({4, 0, 6, static_cast<std::uint32_t>(text.size()) - 6}, text));
  memset(frame.payload, 'x', sizeof frame.payload);
  const RegisteredSource* source = sources.find(4);
  CHECK(source != nullptr);
  CHECK_EQ("/a:/b", source->directories);
  CHECK_EQ(-1, source->world_fd);
  CHECK_EQ("PATH=/bin", source->environment[0]);
  CHECK_EQ("EMPTY=", source->environment[1]);
  CHECK_EQ("", source->environment[2]);
  CHECK(source->environment[3] == nullptr);
  CHECK(sources.find(3) == nullptr);
  CHECK(sources.find(0xFFFFFFFF) == nullptr);
}

TEST("a source is refused for each thing that can be wrong with it") {
  const std::string text = zero_ended({"/a", "A=1"});
  CHECK(!add({32, 0, 3, 4}, text));                     // no such source id
  CHECK(!add({0, 0, 0, 7}, text));                      // no directories
  CHECK(!add({0, 0, 8, 0}, text));                      // directories beyond the end
  CHECK(!add({0, 0, 3, 3}, text));                      // sizes that do not add up
  CHECK(!add({0, 0, 3, 0xFFFFFFFF}, text));             // nor if they wrap around
  CHECK(!add({0, 0, 2, 5}, text));                      // directories without a terminator
  CHECK(!add({0, 0, 3, 3}, text.substr(0, 6)));         // an environment without a terminator
  CHECK(!add({0, 1, 3, 4}, text));                      // simulated without a machine
  CHECK(!add({0, 0, 3, 4}, text, 5));                   // a machine that is not simulated
  CHECK(!add({0, 0, 1, 513}, std::string(514, '\0')));  // too many variables
  frame.header.size = sizeof(SourceHeader) - 1;
  CHECK(!sources.add(frame, -1));
  CHECK(sources.find(0) == nullptr);
  CHECK(add({0, 0, 1, 512}, std::string(513, '\0')));
  CHECK(!add({0, 0, 3, 4}, text));  // already known
}

TEST("random sources are refused or whole") {
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string text(random() % 24, '\0');
    for (char& byte : text) byte = random() % 3 == 0 ? '\0' : 'x';
    const auto directories = static_cast<std::uint32_t>(random() % 26);
    const auto environment = random() % 4 == 0
                                 ? static_cast<std::uint32_t>(random())
                                 : static_cast<std::uint32_t>(text.size()) - directories;
    const auto number = static_cast<std::uint32_t>(random() % 40);
    if (!add({number, 0, directories, environment}, text)) continue;
    const RegisteredSource* source = sources.find(number);
    CHECK(source != nullptr && strlen(source->directories) < directories);
    std::size_t bytes = 0;
    for (char* const* at = source->environment; *at != nullptr; ++at) bytes += strlen(*at) + 1;
    CHECK_EQ(environment, bytes);
  }
}

ProbeRequest request(ProbeKind kind, const char* device = "", std::uint32_t source = 0) {
  ProbeRequest made{};
  made.kind = kind;
  made.source = source;
  strncpy(made.device, device, sizeof made.device - 1);
  return made;
}

TEST("both warm kinds are asked of the same process, per source and GPU") {
  const ProbeRequest warm = request(ProbeKind::warm_context, "GPU-1");
  CHECK(same_job(warm, request(ProbeKind::warm_init, "GPU-1")));
  CHECK(!same_job(warm, request(ProbeKind::warm_init, "GPU-2")));
  CHECK(!same_job(warm, request(ProbeKind::warm_init, "GPU-1", 1)));
  CHECK(!same_job(warm, request(ProbeKind::fresh_context, "GPU-1")));
  CHECK(!same_job(request(ProbeKind::fresh_cuda), request(ProbeKind::fresh_nvml)));
}

TEST("the table tells who serves, who is stuck and whose turn it is") {
  CHECK(children.prepare());
  const auto add_child = [](ProbeKind kind, std::uint32_t in_flight) {
    Child* child = children.free_slot();
    child->pid = static_cast<pid_t>(1000 + (child - children.begin()));
    child->persistent = is_kept(kind);
    child->asked = request(kind);
    child->request = in_flight;
    return child;
  };
  Child* telemetry = add_child(ProbeKind::telemetry, 0);
  CHECK(children.serving(request(ProbeKind::telemetry)) == telemetry);
  CHECK(children.by_pid(1000) == telemetry);
  CHECK(children.serving(request(ProbeKind::telemetry, "", 1)) == nullptr);
  telemetry->stuck = true;
  CHECK(children.serving(request(ProbeKind::telemetry)) == nullptr);
  CHECK_EQ(1u, children.stuck_in(0, LibraryId::nvml));
  CHECK_EQ(0u, children.stuck_in(1, LibraryId::nvml));
  CHECK_EQ(0u, children.stuck_in(0, LibraryId::cuda));

  Child* canary = add_child(ProbeKind::fresh_cuda, 7);
  CHECK(children.canary_in(0, LibraryId::cuda));
  CHECK(!children.canary_in(1, LibraryId::cuda));
  CHECK(!children.canary_in(0, LibraryId::nvml));
  canary->stuck = true;
  CHECK(!children.canary_in(0, LibraryId::cuda));

  for (std::size_t i = 2; i < kMaxChildren; ++i) {
    CHECK(add_child(ProbeKind::nodes, 1)->where != canary->where);
  }
  CHECK(children.free_slot() == nullptr);
}

TEST("descriptors are closed from a number on") {
  const int low = open("/dev/null", O_RDONLY);
  const int high = fcntl(low, F_DUPFD, low + 10);
  close_descriptors_from(low + 1);
  CHECK(fcntl(low, F_GETFD) >= 0);
  CHECK_EQ(-1, fcntl(high, F_GETFD));
  CHECK_EQ(EBADF, errno);
}

}  // namespace
