// Which GPU a context is created on: by UUID, otherwise by PCI address.
#include <stdlib.h>
#include <string.h>

#include <string>
#include <vector>

#include "check.h"
#include "driver/pci_address.h"
#include "probes/session.h"
#include "sim_world.h"

namespace {

using namespace gpuprobe::probes;
using namespace gpuprobe::test;
using gpuprobe::driver::same_pci_address;

// Enough memory for a canary's 2 MiB, and a different size on each GPU.
constexpr char kRoom[] =
    "devices.0.memory.totalBytes=5000000\ndevices.1.memory.totalBytes=6000000\n";
constexpr char kUuid[] = "GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01";

std::vector<CheckRecord> records;
std::vector<CudaDeviceRecord> devices;

// Runs a request in a new session and records its answers.
void run(ProbeKind kind, const Source& source, const char* device = "", const char* address = "") {
  records.clear();
  devices.clear();
  static CurrentCall where;
  Sink sink{};
  sink.where = &where;
  sink.check = [](void*, const CheckRecord& record) { records.push_back(record); };
  sink.relay = [](void*, FrameType type, const void* list, std::size_t size) {
    if (type != FrameType::devices) return;
    devices.resize(size / sizeof(CudaDeviceRecord));
    if (size > 0) memcpy(devices.data(), list, size);
  };
  ProbeRequest request{};
  request.kind = kind;
  strcpy(request.device, device);
  strcpy(request.pci_bus_id, address);
  static Session session;
  session.run(request, source, sink, kind_info(kind).via);
}

const Source kOld = {GPUPROBE_OLD_CUDA, -1, true};

std::string context_on(const Source& source, const char* device, const char* address) {
  run(ProbeKind::fresh_context, source, device, address);
  const CheckRecord& record = records.back();
  CHECK_EQ(CheckId::cuda_context, record.check);
  CHECK_EQ(device, record.device);
  return record.outcome == Outcome::ok ? record.detail : std::to_string(record.code);
}

TEST("PCI addresses are the same whatever the domain's digits and the letters' case") {
  CHECK(same_pci_address("00000000:0A:00.0", "0000:0a:00.0"));
  CHECK(same_pci_address("00000001:41:00.0", "0001:41:00.0"));
  CHECK(!same_pci_address("00000001:41:00.0", "0000:41:00.0"));
  CHECK(!same_pci_address("0000:01:00.0", "0000:01:00.1"));
  CHECK(!same_pci_address("", ""));
  CHECK(!same_pci_address("0000", ""));
}

TEST("a CUDA without UUIDs lists its GPUs by their addresses") {
  gpuprobe::check::in_child([] {
    run(ProbeKind::fresh_cuda, kOld);
    CHECK_EQ(2u, devices.size());
    CHECK_EQ("", devices[1].uuid);
    CHECK_EQ("0000:0a:00.0", devices[1].pci_bus_id);
  });
}

TEST("a CUDA without UUIDs is told no UUID, and finds the GPU by its address") {
  for (const auto& [address, on] : {std::pair{"00000000:09:00.0", "0 of 2 bytes free"},
                                    std::pair{"00000000:0A:00.0", "1 of 2 bytes free"}}) {
    gpuprobe::check::in_child([address = address, on = on] {
      CHECK_EQ(on, context_on(kOld, kUuid, address));
      CHECK(getenv("CUDA_VISIBLE_DEVICES") == nullptr);
    });
  }
}

TEST("a GPU that is at no such address is not there, and one that has no name is not known") {
  gpuprobe::check::in_child([] {
    CHECK_EQ(std::to_string(kNO_SUCH_DEVICE), context_on(kOld, kUuid, "00000000:0B:00.0"));
  });
  gpuprobe::check::in_child([] {
    setenv("GPUPROBE_NO_ADDRESS", "1", 1);
    CHECK_EQ("500", context_on(kOld, kUuid, "00000000:0A:00.0"));
    CHECK_EQ("cuDeviceGetUuid", records.back().function);
  });
}

TEST("a CUDA with UUIDs is shown the one GPU, in a process of its own") {
  const int world = healthy_world(kRoom);
  for (const bool own : {true, false}) {
    gpuprobe::check::in_child([world, own] {
      const Source source = {GPUPROBE_SIMULATOR, world, own};
      // By UUID, whatever the address says.
      const std::string answer = context_on(source, kUuid, "00000001:41:00.0");
      CHECK_EQ(" of 4999950 bytes free", answer.substr(answer.find(' ')));
      const char* visible = getenv("CUDA_VISIBLE_DEVICES");
      CHECK_EQ(own ? kUuid : "", visible == nullptr ? "" : visible);
    });
  }
}

TEST("GPUs that share a UUID are told apart by their addresses") {
  const int world = healthy_world(std::string(kRoom) + "devices.1.uuid=" + kUuid + "\n");
  const struct {
    const char* address;
    const char* answer;
  } cases[] = {{"00000000:01:00.0", " of 4999950 bytes free"},
               {"00000001:41:00.0", " of 6000000 bytes free"}};
  for (const auto& example : cases) {
    gpuprobe::check::in_child([world, &example] {
      const Source source = {GPUPROBE_SIMULATOR, world, true};
      const std::string answer = context_on(source, example.address, example.address);
      CHECK_EQ(example.answer, answer.substr(answer.find(' ')));
    });
  }
}

}  // namespace
