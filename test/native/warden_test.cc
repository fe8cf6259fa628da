// The warden on a simulated machine: its answers, and which process gave them.
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <random>

#include "check.h"
#include "descriptors.h"
#include "probes/snapshot.h"
#include "sim_world.h"
#include "warden_client.h"

namespace {

using namespace gpuprobe::probes;
using namespace gpuprobe::test;
using gpuprobe::check::descriptors_of;
using gpuprobe::driver::FunctionId;
using gpuprobe::wire::FrameHeader;
using gpuprobe::wire::FrameType;

alignas(8) unsigned char block[sizeof(Snapshot)];

const SnapshotHeader& read_snapshot(const Warden& warden, std::uint64_t generation) {
  gpuprobe::wire::PageReading reading{};
  CHECK(gpuprobe::wire::read_page(warden.page(), block, sizeof block, &reading));
  CHECK_EQ(generation, reading.generation);
  return *reinterpret_cast<const SnapshotHeader*>(block);
}

template <typename T>
const T& record(std::uint32_t offset, std::uint32_t index) {
  return *reinterpret_cast<const T*>(block + offset + index * sizeof(T));
}

double value_of(const DeviceRecord& device, Field field) {
  CHECK_EQ(0, device.codes[static_cast<std::size_t>(field)]);
  return device.values[static_cast<std::size_t>(field)];
}

int code_of(const DeviceRecord& device, Field field) {
  CHECK_EQ(0.0, device.values[static_cast<std::size_t>(field)]);
  return device.codes[static_cast<std::size_t>(field)];
}

void check_ok(const CheckRecord& record, Via via) {
  CHECK_EQ("", record.outcome == Outcome::ok ? "" : record.detail);
  CHECK_EQ(Outcome::ok, record.outcome);
  CHECK_EQ(via, record.via);
  CHECK_EQ(0, record.code);
  CHECK_EQ(1u, record.simulated);
}

TEST("nodes answer through a process that is gone afterwards") {
  Warden warden;
  CHECK_EQ("gpuprobe-warden", process_name(warden.pid()));
  warden.add_simulator(healthy_world());
  const Answer& answer = warden.ask(ProbeKind::nodes);
  check_ok(answer.check(CheckId::nodes), Via::layer0);
  CHECK_EQ(1u, answer.node_frames);
  CHECK_EQ("535.261.03", answer.nodes.kernel_driver_version);
  CHECK_EQ(4u, answer.nodes.node_count);
  CHECK_EQ("/dev/nvidiactl", answer.nodes.nodes[0].path);
  CHECK_EQ("/dev/nvidia3", answer.nodes.nodes[2].path);
  warden.wait_for_children(0);
}

TEST("telemetry gives a page, a snapshot of the machine and an end") {
  Warden warden;
  warden.add_simulator(healthy_world());
  const Answer& answer = warden.ask(ProbeKind::telemetry, {}, "", 0, kWithLists);
  CHECK_EQ(1u, answer.pages);
  CHECK_EQ(1u, answer.generation);
  for (const CheckId id :
       {CheckId::nvml_load, CheckId::nvml_init, CheckId::nvml_devices, CheckId::nvml_telemetry}) {
    check_ok(answer.check(id), Via::telemetry);
  }
  const SnapshotHeader& header = read_snapshot(warden, 1);
  CHECK_EQ(kSnapshotVersion, header.version);
  CHECK_EQ(1u, header.simulated);
  CHECK_EQ("535.261.03", header.driver_version);
  CHECK_EQ("12.535.261.03", header.nvml_version);
  CHECK_EQ(12020, header.cuda_version);
  CHECK_EQ(2u, header.device_count);
  CHECK_EQ(2u, header.session_count);
  CHECK_EQ(3u, header.process_count);

  const auto& first = record<DeviceRecord>(header.devices_offset, 0);
  CHECK_EQ("GPU zero", first.name);
  CHECK_EQ(kGpu0, first.uuid);
  CHECK_EQ("00000000:01:00.0", first.pci_bus_id);
  CHECK_EQ(0.0, value_of(first, Field::minor));
  CHECK_EQ(1000.0, value_of(first, Field::memory_total));
  CHECK_EQ(100.0, value_of(first, Field::memory_used));
  CHECK_EQ(850.0, value_of(first, Field::memory_free));
  CHECK_EQ(50.0, value_of(first, Field::memory_reserved));
  CHECK_EQ(54.0, value_of(first, Field::temperature));
  CHECK_EQ(4.0, value_of(first, Field::throttle_reasons));
  CHECK_EQ(2.0, value_of(first, Field::encoder_session_count));
  CHECK_EQ(60.0, value_of(first, Field::encoder_average_fps));
  CHECK_EQ(3, code_of(first, Field::mig_mode));
  CHECK_EQ(2u, first.session_count);
  CHECK_EQ(3u, first.process_count);
  CHECK_EQ(0, first.processes_code);

  const auto& second = record<DeviceRecord>(header.devices_offset, 1);
  CHECK_EQ("GPU one", second.name);
  CHECK_EQ(3.0, value_of(second, Field::minor));
  CHECK_EQ(1.0, value_of(second, Field::mig_mode));
  CHECK_EQ(3, code_of(second, Field::encoder_session_count));
  CHECK_EQ(3, second.sessions_code);
  CHECK_EQ(0u, second.process_count);

  const auto& session = record<EncoderSessionRecord>(header.sessions_offset, 0);
  CHECK_EQ(7u, session.session_id);
  CHECK_EQ(1920u, session.width);
  const auto& process = record<ProcessRecord>(header.processes_offset, 0);
  CHECK_EQ(41u, process.pid);
  CHECK_EQ(60.0, process.used_bytes);
  CHECK_EQ("streamer", process.name);
  const auto& nameless = record<ProcessRecord>(header.processes_offset, 1);
  CHECK_EQ(43u, nameless.pid);
  CHECK_EQ("", nameless.name);
  const auto& mps = record<ProcessRecord>(header.processes_offset, 2);
  CHECK_EQ(ProcessKind::mps_compute, mps.kind);
  CHECK_EQ(kNotAvailable, mps.used_code);
}

TEST("telemetry stays in one process, with one page") {
  Warden warden;
  warden.add_simulator(healthy_world());
  warden.ask(ProbeKind::telemetry);
  const pid_t child = warden.child();
  CHECK_EQ("gpuprobe-nvml", process_name(child));
  const Answer& second = warden.ask(ProbeKind::telemetry);
  CHECK_EQ(0u, second.pages);
  CHECK_EQ(2u, second.generation);
  CHECK_EQ(CheckId::nvml_telemetry, second.only().check);
  const Answer& third = warden.ask(ProbeKind::telemetry, {}, "", 0, kWithHistory);
  CHECK_EQ(4u, third.checks.size());
  CHECK_EQ(child, warden.child());
  read_snapshot(warden, 3);
}

TEST("fresh canaries are processes of their own; a warm one stays") {
  Warden warden;
  warden.add_simulator(healthy_world());
  const Answer& nvml = warden.ask(ProbeKind::fresh_nvml);
  check_ok(nvml.check(CheckId::nvml_init), Via::fresh);
  CHECK_EQ(1u, nvml.node_frames);
  const Answer& cuda = warden.ask(ProbeKind::fresh_cuda);
  check_ok(cuda.check(CheckId::cuda_init), Via::fresh);
  CHECK_EQ(2u, cuda.devices.size());
  CHECK_EQ(kGpu0, cuda.devices[0].uuid);
  CHECK_EQ("0001:41:00.0", cuda.devices[1].pci_bus_id);
  check_ok(warden.ask(ProbeKind::fresh_context, {}, kGpu0).check(CheckId::cuda_init), Via::fresh);
  warden.wait_for_children(0);

  check_ok(warden.ask(ProbeKind::warm_init, {}, kGpu0).check(CheckId::cuda_init), Via::warm);
  const pid_t child = warden.child();
  CHECK_EQ("gpuprobe-warm", process_name(child));
  const Answer& context = warden.ask(ProbeKind::warm_context, {}, kGpu0);
  CHECK_EQ(CheckId::cuda_context, context.only().check);
  CHECK_EQ(kGpu0, context.only().device);
  CHECK_EQ(child, warden.child());
}

TEST("a context that fits is created, used and destroyed") {
  std::string world = std::string(kHead) + "devices=1\n" + kDevice0;
  const std::string total = "memory.totalBytes=1000\n";
  world.replace(world.find(total), total.size(), "memory.totalBytes=1000000000\n");
  Warden warden;
  warden.add_simulator(make_world(world));
  const Answer& answer = warden.ask(ProbeKind::fresh_context, {}, kGpu0);
  check_ok(answer.check(CheckId::cuda_context), Via::fresh);
  CHECK_EQ("999999650 of 999999950 bytes free", answer.check(CheckId::cuda_context).detail);
  // The same on a machine with too little memory: the driver's code, and the function that returned
  // it.
  warden.add_source(1, GPUPROBE_SIMULATOR, healthy_world());
  const Answer& small = warden.ask(ProbeKind::fresh_context, {}, kGpu0, 1);
  CHECK_EQ(Outcome::failed, small.check(CheckId::cuda_context).outcome);
  CHECK_EQ(2, small.check(CheckId::cuda_context).code);
  CHECK_EQ("cuMemAlloc_v2", small.check(CheckId::cuda_context).function);
}

TEST("a failure is the driver's own number, from the process that met it") {
  Warden warden;
  warden.add_simulator(healthy_world("access=revoked\n"));
  const Answer& nvml = warden.ask(ProbeKind::fresh_nvml);
  CHECK_EQ(Outcome::failed, nvml.check(CheckId::nvml_init).outcome);
  CHECK_EQ(Api::nvml, nvml.check(CheckId::nvml_init).api);
  CHECK_EQ(999, nvml.check(CheckId::nvml_init).code);
  CHECK_EQ("nvmlInitWithFlags", nvml.check(CheckId::nvml_init).function);
  CHECK_EQ(100, warden.ask(ProbeKind::fresh_cuda).check(CheckId::cuda_init).code);
}

TEST("`libraries` says of both libraries what they have, and enters neither") {
  Warden warden;
  warden.add_simulator(healthy_world());
  const Answer& answer = warden.ask(ProbeKind::libraries);
  CHECK_EQ(2u, answer.libraries.size());
  for (const LibraryRecord& library : answer.libraries) {
    CHECK(library.loaded == 1 && library.usable == 1 && library.simulated == 1);
    CHECK_EQ("", library.error);
    CHECK(library.symbol_count > 10);
    for (std::uint32_t i = 0; i < library.symbol_count; ++i) CHECK_EQ(1, library.present[i]);
  }
  CHECK_EQ(LibraryId::nvml, answer.libraries[0].library);
  CHECK_EQ(LibraryId::cuda, answer.libraries[1].library);
  check_ok(answer.check(CheckId::cuda_load), Via::fresh);
  warden.wait_for_children(0);
}

TEST("a request that makes no sense is answered, not entered") {
  Warden warden;
  warden.add_simulator(healthy_world());
  const auto refused = [&warden](ProbeKind kind, std::uint32_t source) {
    const CheckRecord& record = warden.ask(kind, {}, "", source).only();
    CHECK_EQ(Outcome::not_probed, record.outcome);
    CHECK_EQ(Api::probe, record.api);
    CHECK_EQ(kBUSY, record.code);
  };
  refused(ProbeKind::nodes, 1);
  refused(ProbeKind::telemetry, 0xFFFFFFFF);
  refused(ProbeKind::none, 0);
  refused(static_cast<ProbeKind>(kKindCount + 1), 0);
  refused(static_cast<ProbeKind>(0xFFFF), 0);
  CHECK(warden.children().empty());
}

TEST("a device's text need not end") {
  Warden warden;
  warden.add_simulator(healthy_world());
  ProbeRequest request{};
  request.kind = ProbeKind::warm_context;
  request.soft_ms = request.hard_ms = 60'000;
  memset(request.device, 'x', sizeof request.device);
  CHECK_EQ(0, gpuprobe::wire::send_frame(warden.socket(), FrameType::probe, 900, &request,
                                         sizeof request, -1, 0));
  CHECK(!warden.wait(900).checks.empty());
}

TEST("requests beyond what waits are turned away at once") {
  Warden warden;
  warden.add_simulator(healthy_world("faults=1\nfaults.0.function=cuInit\nfaults.0.effect=hang\n"));
  warden.request(ProbeKind::fresh_cuda);
  std::uint32_t last = 0;
  for (int i = 0; i < 257; ++i) last = warden.request(ProbeKind::fresh_cuda);
  CHECK_EQ(kBUSY, warden.wait(last).only().code);
  CHECK_EQ(1u, warden.children().size());
}

TEST("a child killed from outside is no crash of the driver") {
  Warden warden;
  warden.add_simulator(
      healthy_world("faults=1\nfaults.0.function=nvmlDeviceGetPowerUsage\nfaults.0.effect=hang\n"));
  const auto killed_by = [&warden](int number) {
    const std::uint32_t id = warden.request(ProbeKind::telemetry);
    while (warden.answer(id).checks.size() < 3) CHECK(warden.receive());
    const auto hanging = static_cast<std::uint32_t>(FunctionId::nvmlDeviceGetPowerUsage);
    wait_until([&] { return warden.page().where.function.load() == hanging; });
    CHECK_EQ(0, kill(warden.child(), number));
    const CheckRecord record = warden.wait(id).checks.back();
    CHECK_EQ(CheckId::nvml_telemetry, record.check);
    CHECK_EQ(Via::telemetry, record.via);
    CHECK_EQ("nvmlDeviceGetPowerUsage", record.function);
    CHECK(record.duration_ns > 0);
    return record;
  };
  const CheckRecord taken = killed_by(SIGKILL);
  CHECK_EQ(Outcome::not_probed, taken.outcome);
  CHECK_EQ(Api::probe, taken.api);
  CHECK_EQ(kKILLED, taken.code);
  const CheckRecord crashed = killed_by(SIGABRT);
  CHECK_EQ(Outcome::crashed, crashed.outcome);
  CHECK_EQ(Api::signal, crashed.api);
  CHECK_EQ(SIGABRT, crashed.code);
}

TEST("an idle child that is killed is replaced, with a new page") {
  Warden warden;
  warden.add_simulator(healthy_world());
  CHECK_EQ(1u, warden.ask(ProbeKind::telemetry).pages);
  const pid_t child = warden.child();
  CHECK_EQ(0, kill(child, SIGKILL));
  // Waits until it is reaped, not just a zombie: while another of its threads lives, its socket
  // accepts requests.
  wait_until([&] { return kill(child, 0) != 0; });
  const Answer& answer = warden.ask(ProbeKind::telemetry);
  CHECK_EQ(1u, answer.pages);
  CHECK_EQ(1u, answer.generation);
  CHECK_EQ(4u, answer.checks.size());
}

TEST("malformed frames are ignored, and their descriptors closed") {
  Warden warden;
  const std::string pid = std::to_string(warden.pid());
  const unsigned before = descriptors_of(pid);
  warden.add_simulator(healthy_world());
  const int memory = memfd_create("passed", MFD_CLOEXEC);
  const auto send_frame = [&](FrameType type, std::uint32_t id, const std::string& payload) {
    CHECK_EQ(0, gpuprobe::wire::send_frame(warden.socket(), type, id, payload.data(),
                                           payload.size(), memory, 0));
  };
  const auto source = [](std::uint32_t number, std::uint32_t simulated, std::uint32_t directories,
                         std::uint32_t environment, const std::string& text) {
    const gpuprobe::wire::SourceHeader header = {number, simulated, directories, environment};
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) + text;
  };
  for (const std::uint16_t type : {0, 3, 15, 16, 21, 99, 0xFFFF}) {
    send_frame(static_cast<FrameType>(type), 5000, "payload");
  }
  send_frame(FrameType::probe, 5001, "too short");
  send_frame(FrameType::probe, 5002, std::string(sizeof(ProbeRequest) + 1, 'x'));
  send_frame(FrameType::probe, 0, std::string(sizeof(ProbeRequest), '\1'));  // belongs to no
                                                                             // request
  send_frame(FrameType::source, 0, "");
  send_frame(FrameType::source, 0, source(0, 1, 1, 0, std::string(1, '\0')));   // already known
  send_frame(FrameType::source, 0, source(32, 1, 1, 0, std::string(1, '\0')));  // too many
  send_frame(FrameType::source, 0, source(1, 0, 1, 0, std::string(1, '\0')));   // not simulated
  std::mt19937 random(20251002);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(1 + random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (bytes.size() >= sizeof(FrameHeader) && random() % 2 == 0) {
      const FrameHeader header = {gpuprobe::wire::kFrameMagic, gpuprobe::wire::kWireVersion,
                                  FrameType::source, static_cast<std::uint32_t>(random() % 200), 1};
      memcpy(bytes.data(), &header, sizeof header);
    }
    CHECK_EQ(static_cast<ssize_t>(bytes.size()),
             send(warden.socket(), bytes.data(), bytes.size(), 0));
  }
  check_ok(warden.ask(ProbeKind::nodes).check(CheckId::nodes), Via::layer0);
  wait_until([&] { return descriptors_of(pid) == before + 1; });  // the simulated machine
  for (const std::uint32_t id : {0u, 5000u, 5001u, 5002u}) {
    CHECK(warden.answer(id).checks.empty() && warden.answer(id).dones == 0);
  }
}

TEST("many probes leave no process and no descriptor behind") {
  Warden warden;
  const std::string pid = std::to_string(warden.pid());
  const unsigned before = descriptors_of(pid);
  warden.add_simulator(healthy_world());
  for (int round = 0; round < 50; ++round) {
    warden.ask(ProbeKind::fresh_cuda);
    warden.ask(ProbeKind::telemetry);
    warden.ask(ProbeKind::warm_context, {}, kGpu0);
  }
  warden.wait_for_children(2);
  wait_until([&] { return descriptors_of(pid) == before + 3; });  // the machine, two sockets
}

}  // namespace
