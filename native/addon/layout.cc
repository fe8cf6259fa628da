#include "addon/layout.h"

#include <cstddef>

#include "driver/functions.h"
#include "driver/status.h"
#include "wire/frame.h"
#include "wire/page.h"

namespace gpuprobe::addon {
namespace {

using driver::NodeFact;
using driver::NodesFacts;
using probes::CheckRecord;
using probes::CudaDeviceRecord;
using probes::DeviceRecord;
using probes::EncoderSessionRecord;
using probes::LibraryRecord;
using probes::ProcessRecord;
using probes::SnapshotHeader;

constexpr const char* kCheckNames[] = {
    "",
#define PROBE_CHECK(symbol, name) name,
#include "catalog/checks.def"
#undef PROBE_CHECK
};
constexpr const char* kViaNames[] = {"layer0", "telemetry", "fresh", "warm", "thread"};
static_assert(sizeof kViaNames / sizeof kViaNames[0] ==
              static_cast<std::size_t>(probes::Via::thread) + 1);

template <std::size_t N>
Napi::Array strings(Napi::Env env, const char* const (&items)[N]) {
  Napi::Array array = Napi::Array::New(env, N);
  for (std::size_t i = 0; i < N; ++i) array.Set(static_cast<std::uint32_t>(i), items[i]);
  return array;
}

Napi::Object status_names(Napi::Env env, const driver::StatusName* names, std::size_t count) {
  Napi::Object object = Napi::Object::New(env);
  for (std::size_t i = 0; i < count; ++i) {
    object.Set(static_cast<std::uint32_t>(names[i].code), names[i].name);
  }
  return object;
}

// In the order in which a library's record has them.
Napi::Array describe_symbols(Napi::Env env, const driver::SymbolList& symbols) {
  Napi::Array list = Napi::Array::New(env, symbols.count);
  for (std::size_t i = 0; i < symbols.count; ++i) {
    const driver::SymbolSlot& slot = symbols.slots[i];
    Napi::Object symbol = Napi::Object::New(env);
    symbol.Set("name", slot.name);
    symbol.Set("required", slot.need == driver::Need::required);
    symbol.Set("since", slot.since);
    list.Set(static_cast<std::uint32_t>(i), symbol);
  }
  return list;
}

Napi::Object describe_names(Napi::Env env) {
  static constexpr const char* kOutcomes[] = {"ok",      "failed",      "timeout",   "crashed",
                                              "skipped", "unsupported", "not-probed"};
  static constexpr const char* kApis[] = {"none",   "errno", "nvml", "cuda",
                                          "signal", "exit",  "probe"};
  Napi::Object names = Napi::Object::New(env);
  static_assert(sizeof kOutcomes / sizeof kOutcomes[0] ==
                static_cast<std::size_t>(probes::Outcome::not_probed) + 1);
  static_assert(sizeof kApis / sizeof kApis[0] == static_cast<std::size_t>(probes::Api::probe) + 1);
  names.Set("checks", strings(env, kCheckNames));
  names.Set("outcomes", strings(env, kOutcomes));
  names.Set("vias", strings(env, kViaNames));
  names.Set("apis", strings(env, kApis));
  Napi::Array functions = Napi::Array::New(env);
  for (std::uint32_t i = 0; i < 2 || driver::function_name(i)[0] != '\0'; ++i) {
    functions.Set(i, driver::function_name(i));
  }
  names.Set("functions", functions);
  // By LibraryId.
  Napi::Array symbols = Napi::Array::New(env, 3);
  symbols.Set(0u, Napi::Array::New(env));
  symbols.Set(1u, describe_symbols(env, driver::nvml_symbols()));
  symbols.Set(2u, describe_symbols(env, driver::cuda_symbols()));
  names.Set("symbols", symbols);
  std::size_t count = 0;
  const driver::StatusName* nvml = driver::nvml_status_names(&count);
  names.Set("nvml", status_names(env, nvml, count));
  const driver::StatusName* cuda = driver::cuda_status_names(&count);
  names.Set("cuda", status_names(env, cuda, count));
  Napi::Object own = Napi::Object::New(env);
#define PROBE_CODE(number, name) own.Set(number##u, #name);
#include "catalog/probe_codes.def"
#undef PROBE_CODE
  names.Set("probe", own);
  Napi::Object unavailable = Napi::Object::New(env);
#define UNAVAILABLE(number, symbol, name) unavailable.Set(#number, name);
#include "catalog/unavailable.def"
#undef UNAVAILABLE
  names.Set("unavailable", unavailable);
  return names;
}

// By name: what JavaScript has to know of each kind, and the number to ask it by.
Napi::Object describe_kinds(Napi::Env env) {
  static constexpr const char* kLibraries[] = {"", "nvml", "cuda"};
  Napi::Object kinds = Napi::Object::New(env);
  for (std::uint32_t number = 1; number <= probes::kKindCount; ++number) {
    const probes::KindInfo& info = probes::kind_info(static_cast<probes::ProbeKind>(number));
    Napi::Object kind = Napi::Object::New(env);
    kind.Set("number", number);
    kind.Set("check", kCheckNames[static_cast<std::size_t>(info.check)]);
    kind.Set("via", kViaNames[static_cast<std::size_t>(info.via)]);
    const char* library = kLibraries[static_cast<std::size_t>(info.library)];
    kind.Set("library", library[0] == '\0' ? env.Null() : Napi::String::New(env, library));
    kind.Set("opens", info.opens == probes::Opens::opens);
    kinds.Set(info.name, kind);
  }
  return kinds;
}

Napi::Object describe_frames(Napi::Env env) {
  Napi::Object frames = Napi::Object::New(env);
  const auto set = [&frames](const char* name, wire::FrameType type) {
    frames.Set(name, static_cast<std::uint32_t>(type));
  };
  set("check", wire::FrameType::check);
  set("nodes", wire::FrameType::nodes);
  set("devices", wire::FrameType::devices);
  set("done", wire::FrameType::done);
  set("late", wire::FrameType::late);
  set("lost", wire::FrameType::lost);
  set("event", wire::FrameType::event);
  set("library", wire::FrameType::library);
  return frames;
}

#define OFFSET(object, type, name) \
  object.Set(#name, static_cast<std::uint32_t>(offsetof(type, name)))

Napi::Object describe_check(Napi::Env env) {
  Napi::Object check = Napi::Object::New(env);
  check.Set("size", static_cast<std::uint32_t>(sizeof(CheckRecord)));
  OFFSET(check, CheckRecord, check);
  OFFSET(check, CheckRecord, outcome);
  OFFSET(check, CheckRecord, via);
  OFFSET(check, CheckRecord, api);
  OFFSET(check, CheckRecord, code);
  OFFSET(check, CheckRecord, simulated);
  OFFSET(check, CheckRecord, duration_ns);
  OFFSET(check, CheckRecord, device);
  OFFSET(check, CheckRecord, function);
  OFFSET(check, CheckRecord, detail);
  return check;
}

Napi::Object describe_done(Napi::Env env) {
  Napi::Object done = Napi::Object::New(env);
  done.Set("size", static_cast<std::uint32_t>(sizeof(wire::DoneRecord)));
  OFFSET(done, wire::DoneRecord, has_check);
  OFFSET(done, wire::DoneRecord, check);
  return done;
}

Napi::Object describe_event(Napi::Env env) {
  Napi::Object event = Napi::Object::New(env);
  event.Set("size", static_cast<std::uint32_t>(sizeof(probes::EventRecord)));
  OFFSET(event, probes::EventRecord, kind);
  OFFSET(event, probes::EventRecord, simulated);
  OFFSET(event, probes::EventRecord, code);
  OFFSET(event, probes::EventRecord, device);
  return event;
}

Napi::Object describe_library(Napi::Env env) {
  Napi::Object library = Napi::Object::New(env);
  library.Set("size", static_cast<std::uint32_t>(sizeof(LibraryRecord)));
  OFFSET(library, LibraryRecord, library);
  OFFSET(library, LibraryRecord, loaded);
  OFFSET(library, LibraryRecord, usable);
  OFFSET(library, LibraryRecord, simulated);
  OFFSET(library, LibraryRecord, symbol_count);
  OFFSET(library, LibraryRecord, path);
  OFFSET(library, LibraryRecord, error);
  OFFSET(library, LibraryRecord, present);
  return library;
}

Napi::Object describe_nodes(Napi::Env env) {
  Napi::Object nodes = Napi::Object::New(env);
  nodes.Set("size", static_cast<std::uint32_t>(sizeof(NodesFacts)));
  OFFSET(nodes, NodesFacts, module_loaded);
  OFFSET(nodes, NodesFacts, wsl);
  OFFSET(nodes, NodesFacts, node_count);
  OFFSET(nodes, NodesFacts, gpu_count);
  OFFSET(nodes, NodesFacts, kernel_driver_version);
  OFFSET(nodes, NodesFacts, gpus);
  OFFSET(nodes, NodesFacts, gpu_sleeps);
  OFFSET(nodes, NodesFacts, nodes);
  nodes.Set("gpuSize", static_cast<std::uint32_t>(sizeof NodesFacts::gpus[0]));
  Napi::Object node = Napi::Object::New(env);
  node.Set("size", static_cast<std::uint32_t>(sizeof(NodeFact)));
  OFFSET(node, NodeFact, path);
  OFFSET(node, NodeFact, stat_errno);
  OFFSET(node, NodeFact, access_errno);
  OFFSET(node, NodeFact, major);
  OFFSET(node, NodeFact, minor);
  OFFSET(node, NodeFact, character_device);
  OFFSET(node, NodeFact, expected_known);
  OFFSET(node, NodeFact, expected_major);
  OFFSET(node, NodeFact, expected_minor);
  nodes.Set("node", node);
  return nodes;
}

Napi::Object describe_cuda_device(Napi::Env env) {
  Napi::Object device = Napi::Object::New(env);
  device.Set("size", static_cast<std::uint32_t>(sizeof(CudaDeviceRecord)));
  OFFSET(device, CudaDeviceRecord, uuid);
  OFFSET(device, CudaDeviceRecord, pci_bus_id);
  return device;
}

Napi::Object describe_device(Napi::Env env) {
  static constexpr const char* kFields[] = {
#define TELEMETRY_FIELD(symbol, path) path,
#include "catalog/telemetry_fields.def"
#undef TELEMETRY_FIELD
  };
  Napi::Object device = Napi::Object::New(env);
  device.Set("size", static_cast<std::uint32_t>(sizeof(DeviceRecord)));
  device.Set("fields", strings(env, kFields));
  OFFSET(device, DeviceRecord, values);
  OFFSET(device, DeviceRecord, codes);
  OFFSET(device, DeviceRecord, handle_code);
  OFFSET(device, DeviceRecord, name_code);
  OFFSET(device, DeviceRecord, uuid_code);
  OFFSET(device, DeviceRecord, pci_bus_id_code);
  OFFSET(device, DeviceRecord, sessions_code);
  OFFSET(device, DeviceRecord, processes_code);
  OFFSET(device, DeviceRecord, first_session);
  OFFSET(device, DeviceRecord, session_count);
  OFFSET(device, DeviceRecord, first_process);
  OFFSET(device, DeviceRecord, process_count);
  OFFSET(device, DeviceRecord, index);
  OFFSET(device, DeviceRecord, name);
  OFFSET(device, DeviceRecord, uuid);
  OFFSET(device, DeviceRecord, pci_bus_id);
  return device;
}

Napi::Object describe_lists(Napi::Env env) {
  Napi::Object lists = Napi::Object::New(env);
  Napi::Object session = Napi::Object::New(env);
  session.Set("size", static_cast<std::uint32_t>(sizeof(EncoderSessionRecord)));
  OFFSET(session, EncoderSessionRecord, session_id);
  OFFSET(session, EncoderSessionRecord, pid);
  OFFSET(session, EncoderSessionRecord, codec);
  OFFSET(session, EncoderSessionRecord, width);
  OFFSET(session, EncoderSessionRecord, height);
  OFFSET(session, EncoderSessionRecord, average_fps);
  OFFSET(session, EncoderSessionRecord, average_latency_us);
  lists.Set("session", session);
  Napi::Object process = Napi::Object::New(env);
  process.Set("size", static_cast<std::uint32_t>(sizeof(ProcessRecord)));
  OFFSET(process, ProcessRecord, used_bytes);
  OFFSET(process, ProcessRecord, used_code);
  OFFSET(process, ProcessRecord, pid);
  OFFSET(process, ProcessRecord, kind);
  OFFSET(process, ProcessRecord, name_code);
  OFFSET(process, ProcessRecord, name);
  lists.Set("process", process);
  return lists;
}

Napi::Object describe_snapshot(Napi::Env env) {
  Napi::Object snapshot = Napi::Object::New(env);
  snapshot.Set("capacity", static_cast<std::uint32_t>(sizeof(probes::Snapshot)));
  snapshot.Set("header_size", static_cast<std::uint32_t>(sizeof(SnapshotHeader)));
  OFFSET(snapshot, SnapshotHeader, device_count);
  OFFSET(snapshot, SnapshotHeader, session_count);
  OFFSET(snapshot, SnapshotHeader, process_count);
  OFFSET(snapshot, SnapshotHeader, devices_offset);
  OFFSET(snapshot, SnapshotHeader, sessions_offset);
  OFFSET(snapshot, SnapshotHeader, processes_offset);
  OFFSET(snapshot, SnapshotHeader, strings_hash);
  OFFSET(snapshot, SnapshotHeader, simulated);
  OFFSET(snapshot, SnapshotHeader, cuda_version);
  OFFSET(snapshot, SnapshotHeader, driver_version);
  OFFSET(snapshot, SnapshotHeader, nvml_version);
  snapshot.Set("device", describe_device(env));
  snapshot.Set("lists", describe_lists(env));
  return snapshot;
}

#undef OFFSET

}  // namespace

Napi::Object describe_layout(Napi::Env env) {
  Napi::Object layout = Napi::Object::New(env);
  layout.Set("wireVersion", static_cast<std::uint32_t>(wire::kWireVersion));
  layout.Set("names", describe_names(env));
  layout.Set("kinds", describe_kinds(env));
  layout.Set("frames", describe_frames(env));
  layout.Set("check", describe_check(env));
  layout.Set("done", describe_done(env));
  layout.Set("event", describe_event(env));
  layout.Set("library", describe_library(env));
  layout.Set("nodes", describe_nodes(env));
  layout.Set("cudaDevice", describe_cuda_device(env));
  layout.Set("snapshot", describe_snapshot(env));
  Napi::Object flags = Napi::Object::New(env);
  flags.Set("lists", static_cast<std::uint32_t>(probes::kWithLists));
  flags.Set("skipSuspended", static_cast<std::uint32_t>(probes::kSkipSuspended));
  flags.Set("history", static_cast<std::uint32_t>(probes::kWithHistory));
  layout.Set("flags", flags);
  return layout;
}

}  // namespace gpuprobe::addon
