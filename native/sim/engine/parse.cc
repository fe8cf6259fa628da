#include "sim/engine/parse.h"

#include <string.h>

#include <cstddef>

#include "sim/engine/derive.h"
#include "sim/engine/fields.h"

namespace gpuprobe::sim {
namespace {

constexpr std::uint32_t kFormat = 2;

constexpr const char* kFlagTexts[] = {"false", "true", nullptr};
constexpr const char* kFunctionTexts[] = {
#define NVML_SYMBOL(need, since, name, parameters) #name,
#include "driver/nvml_symbols.def"
#include "sim/nvml/extra_symbols.def"
#undef NVML_SYMBOL
#define CUDA_SYMBOL(need, since, name, parameters) #name,
#include "driver/cuda_symbols.def"
#undef CUDA_SYMBOL
    nullptr};

#define SCENARIO_LIST(...) __VA_ARGS__
#define SCENARIO_ENUM(name, texts, enumerators, their_texts) \
  constexpr const char* texts[] = {SCENARIO_LIST their_texts, nullptr};
#include "sim/format/fields.def"
#undef SCENARIO_LIST

// The tables that map a path of the flat text to a member.
#define SCENARIO_ROW(record, path, form, member, texts) \
  {path, FieldType::form, offsetof(record, member), texts},

constexpr FieldRow kMachineRows[] = {
#define MACHINE_FIELD(path, form, type, member, texts, initial) \
  SCENARIO_ROW(Machine, path, form, member, texts)
#include "sim/format/fields.def"
};
constexpr FieldRow kDeviceRows[] = {
#define DEVICE_FIELD(path, form, type, member, texts, initial) \
  SCENARIO_ROW(Device, path, form, member, texts)
#include "sim/format/fields.def"
};
constexpr FieldRow kSessionRows[] = {
#define ENCODER_SESSION_FIELD(path, form, type, member, texts, initial) \
  SCENARIO_ROW(EncoderSession, path, form, member, texts)
#include "sim/format/fields.def"
};
constexpr FieldRow kProcessRows[] = {
#define PROCESS_FIELD(path, form, type, member, texts, initial) \
  SCENARIO_ROW(Process, path, form, member, texts)
#include "sim/format/fields.def"
};
constexpr FieldRow kFaultRows[] = {
#define FAULT_FIELD(path, form, type, member, texts, initial) \
  SCENARIO_ROW(Fault, path, form, member, texts)
#include "sim/format/fields.def"
};
#undef SCENARIO_ROW

// Initial values of list elements, before their first line. A machine starts as all zeros: without
// versions it is refused.
#define SCENARIO_DEFAULT(path, form, type, member, texts, initial) defaults.member = initial;
constexpr Device kDeviceDefaults = [] {
  Device defaults = {};
#define DEVICE_FIELD SCENARIO_DEFAULT
#include "sim/format/fields.def"
  return defaults;
}();
constexpr EncoderSession kSessionDefaults = [] {
  EncoderSession defaults = {};
#define ENCODER_SESSION_FIELD SCENARIO_DEFAULT
#include "sim/format/fields.def"
  return defaults;
}();
constexpr Process kProcessDefaults = [] {
  Process defaults = {};
#define PROCESS_FIELD SCENARIO_DEFAULT
#include "sim/format/fields.def"
  return defaults;
}();
constexpr Fault kFaultDefaults = [] {
  Fault defaults = {};
#define FAULT_FIELD SCENARIO_DEFAULT
#include "sim/format/fields.def"
  return defaults;
}();
#undef SCENARIO_DEFAULT

// Reads the index of "12.rest", at most `last`, and advances to the rest.
bool take_index(const char** path, std::uint32_t last, std::uint32_t* index) {
  const char* dot = strchr(*path, '.');
  char digits[12] = {};
  std::uint64_t number = 0;
  if (dot == nullptr || dot - *path >= static_cast<std::ptrdiff_t>(sizeof digits)) return false;
  memcpy(digits, *path, static_cast<std::size_t>(dot - *path));
  if (!parse_unsigned(digits, last, &number)) return false;
  *index = static_cast<std::uint32_t>(number);
  *path = dot + 1;
  return true;
}

bool starts_with(const char** path, const char* prefix) {
  const std::size_t length = strlen(prefix);
  if (strncmp(*path, prefix, length) != 0) return false;
  *path += length;
  return true;
}

// A list that is being filled: its length came first, and its elements follow in order until the
// list is full. The lines of one element are adjacent.
class OpenList {
 public:
  template <typename T, std::size_t N>
  T* open(Arena* arena, const void* place, std::uint32_t count, const T& defaults,
          const FieldRow (&rows)[N]) {
    T* elements = arena->take_array<T>(count);
    *this = {};
    place_ = place;
    elements_ = reinterpret_cast<char*>(elements);
    defaults_ = &defaults;
    size_ = sizeof(T);
    rows_ = rows;
    row_count_ = N;
    count_ = count;
    return elements;
  }

  bool line(const void* place, const char* path, const char* value) {
    std::uint32_t index = 0;
    if (place != place_ || count_ == 0 || !take_index(&path, count_ - 1, &index)) return false;
    if (index == begun_) {
      memcpy(elements_ + begun_++ * size_, defaults_, size_);
    } else if (index + 1 != begun_) {
      return false;
    }
    return set_field(rows_, row_count_, elements_ + index * size_, path, value);
  }

  bool complete() const { return begun_ == count_; }

 private:
  const void* place_ = nullptr;  // address of the machine's pointer to the list
  char* elements_ = nullptr;
  const void* defaults_ = nullptr;
  std::size_t size_ = 0;
  const FieldRow* rows_ = nullptr;
  std::size_t row_count_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t begun_ = 0;
};

class Parser {
 public:
  Parser(Arena* arena, State* states, std::uint32_t room)
      : arena_(arena), states_(states), room_(room) {}

  bool line(const char* path, const char* value) {
    Machine& machine = states_[last_].machine;
    if (strcmp(path, "state") == 0) return begin_state(value);
    if (strcmp(path, "devices") == 0) return begin_devices(&machine, value);
    if (starts_with(&path, "devices.")) return device_line(&machine, path, value);
    if (strcmp(path, "faults") == 0) {
      return begin_list(&machine.faults, &machine.fault_count, kMaxFaults, value, kFaultDefaults,
                        kFaultRows);
    }
    if (starts_with(&path, "faults.")) return list_.line(&machine.faults, path, value);
    return set_field(kMachineRows, sizeof kMachineRows / sizeof *kMachineRows, &machine, path,
                     value);
  }

  bool end_state() { return list_.complete() && derive(&states_[last_].machine); }

  std::uint32_t state_count() const { return last_ + 1; }

 private:
  // Starts a state as a copy of the previous one, so that each state is complete.
  bool begin_state(const char* value) {
    std::uint64_t from_ms = 0;
    if (!end_state() || !parse_unsigned(value, kNull64 - 1, &from_ms)) return false;
    const State& before = states_[last_];
    if (from_ms <= before.from_ms || last_ + 1 == room_) return false;
    State& next = states_[++last_];
    next = before;
    next.from_ms = from_ms;
    Machine& machine = next.machine;
    machine.devices = arena_->take_array<Device>(machine.device_count);
    if (machine.devices == nullptr) return false;
    for (std::uint32_t i = 0; i < machine.device_count; ++i) {
      machine.devices[i] = before.machine.devices[i];
    }
    list_ = {};
    return true;
  }

  // Programs keep devices by index, so the number of devices is set only once.
  bool begin_devices(Machine* machine, const char* value) {
    std::uint64_t count = 0;
    if (last_ != 0 || machine->devices != nullptr) return false;
    if (!parse_unsigned(value, kMaxDevices, &count)) return false;
    machine->devices = arena_->take_array<Device>(count);
    if (machine->devices == nullptr) return false;
    machine->device_count = static_cast<std::uint32_t>(count);
    for (std::uint64_t i = 0; i < count; ++i) machine->devices[i] = kDeviceDefaults;
    return true;
  }

  template <typename T, std::size_t N>
  bool begin_list(T** list, std::uint32_t* count, std::uint32_t limit, const char* value,
                  const T& defaults, const FieldRow (&rows)[N]) {
    std::uint64_t length = 0;
    if (!list_.complete() || !parse_unsigned(value, limit, &length)) return false;
    *count = static_cast<std::uint32_t>(length);
    *list = list_.open(arena_, list, *count, defaults, rows);
    return *list != nullptr;
  }

  bool device_line(Machine* machine, const char* path, const char* value) {
    std::uint32_t index = 0;
    if (machine->device_count == 0) return false;
    if (!take_index(&path, machine->device_count - 1, &index)) return false;
    Device& device = machine->devices[index];
    if (strcmp(path, "processes") == 0) {
      return begin_list(&device.processes, &device.process_count, kMaxProcessesPerDevice, value,
                        kProcessDefaults, kProcessRows);
    }
    if (strcmp(path, "encoder.sessions") == 0) {
      return begin_list(&device.sessions, &device.session_count, kMaxSessionsPerDevice, value,
                        kSessionDefaults, kSessionRows);
    }
    if (starts_with(&path, "processes.")) return list_.line(&device.processes, path, value);
    if (starts_with(&path, "encoder.sessions.")) return list_.line(&device.sessions, path, value);
    return set_field(kDeviceRows, sizeof kDeviceRows / sizeof *kDeviceRows, &device, path, value);
  }

  Arena* arena_;
  State* states_;
  std::uint32_t room_;  // number of states that fit
  std::uint32_t last_ = 0;
  OpenList list_;
};

bool has_control_characters(const char* text) {
  for (; *text != '\0'; ++text) {
    const unsigned char byte = static_cast<unsigned char>(*text);
    if (byte < 0x20 || byte == 0x7f) return true;
  }
  return false;
}

// Returns the maximum number of states, because the memory for them is allocated at once.
std::uint32_t count_states(const char* text, std::size_t length) {
  constexpr char kState[] = "\nstate=";
  std::uint32_t count = 1;
  const char* const end = text + length;
  while (count <= kMaxStates) {
    text = static_cast<const char*>(
        memmem(text, static_cast<std::size_t>(end - text), kState, sizeof kState - 1));
    if (text == nullptr) break;
    ++text;
    ++count;
  }
  return count;
}

}  // namespace

bool parse_scenario(char* text, std::size_t length, Arena* arena, Scenario* out) {
  const std::uint32_t room = count_states(text, length);
  State* states = room > kMaxStates ? nullptr : arena->take_array<State>(room);
  if (states == nullptr) return false;
  Parser parser(arena, states, room);
  char* const end = text + length;
  while (text < end) {
    char* line_end = static_cast<char*>(memchr(text, '\n', static_cast<std::size_t>(end - text)));
    if (line_end == nullptr) return false;
    *line_end = '\0';
    if (memchr(text, '\0', static_cast<std::size_t>(line_end - text)) != nullptr) return false;
    char* equals = strchr(text, '=');
    if (equals == nullptr || has_control_characters(text)) return false;
    *equals = '\0';
    if (!parser.line(text, equals + 1)) return false;
    text = line_end + 1;
  }
  *out = {states, parser.state_count()};
  return states[0].machine.format == kFormat && parser.end_state();
}

}  // namespace gpuprobe::sim
