#include "addon/layout.h"

#include "addon/record_layout.h"
#include "driver/functions.h"
#include "driver/status.h"
#include "wire/frame.h"
#include "wire/page.h"

namespace gpuprobe::addon {
namespace {

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

// In the order of the library's record.
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
  static constexpr const char* kEvents[] = {"listening", "xid"};
  static_assert(sizeof kEvents / sizeof kEvents[0] ==
                static_cast<std::size_t>(probes::EventKind::xid) + 1);
  Napi::Object names = Napi::Object::New(env);
  static_assert(sizeof kOutcomes / sizeof kOutcomes[0] ==
                static_cast<std::size_t>(probes::Outcome::not_probed) + 1);
  static_assert(sizeof kApis / sizeof kApis[0] == static_cast<std::size_t>(probes::Api::probe) + 1);
  names.Set("checks", strings(env, kCheckNames));
  names.Set("outcomes", strings(env, kOutcomes));
  names.Set("vias", strings(env, kViaNames));
  names.Set("apis", strings(env, kApis));
  names.Set("events", strings(env, kEvents));
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

// By name: what JavaScript must know about each kind, and its number in a request.
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
#define FRAME_TO_WARDEN(symbol, number)
#define FRAME(symbol, number, ...) frames.Set(#symbol, number##u);
#include "catalog/frames.def"
#undef FRAME
#undef FRAME_TO_WARDEN
  return frames;
}

Napi::Array describe_readings(Napi::Env env) {
  static constexpr const char* kFields[] = {
#define TELEMETRY_FIELD(symbol, path, form) path,
#include "catalog/telemetry_fields.def"
#undef TELEMETRY_FIELD
  };
  return strings(env, kFields);
}

}  // namespace

Napi::Object describe_layout(Napi::Env env) {
  Napi::Object layout = Napi::Object::New(env);
  layout.Set("wireVersion", static_cast<std::uint32_t>(wire::kWireVersion));
  layout.Set("names", describe_names(env));
  layout.Set("kinds", describe_kinds(env));
  layout.Set("frames", describe_frames(env));
  layout.Set("records", describe_records(env));
  layout.Set("readings", describe_readings(env));
  layout.Set("snapshotCapacity", static_cast<std::uint32_t>(sizeof(probes::Snapshot)));
  Napi::Object flags = Napi::Object::New(env);
  flags.Set("lists", static_cast<std::uint32_t>(probes::kWithLists));
  flags.Set("skipSuspended", static_cast<std::uint32_t>(probes::kSkipSuspended));
  flags.Set("history", static_cast<std::uint32_t>(probes::kWithHistory));
  layout.Set("flags", flags);
  return layout;
}

}  // namespace gpuprobe::addon
