#include "driver/majors.h"

#include <string.h>

#include "driver/nodes.h"

namespace gpuprobe::driver {
namespace {

// Several times what the kernel writes. Anything longer is not the kernel's.
constexpr std::size_t kMostBytes = 8192;
constexpr std::uint32_t kMostMajor = (1u << 12) - 1;
constexpr char kCharacterDevices[] = "Character devices:";
constexpr char kBlockDevices[] = "Block devices:";

struct Line {
  const char* text;
  std::size_t length;
};

bool is(const Line& line, const char* text) {
  return line.length == strlen(text) && memcmp(line.text, text, line.length) == 0;
}

// Parses "195 nvidia"; the number is right-aligned to three digits.
bool parse(const Line& line, Major* major, Line* name) {
  std::size_t at = 0;
  while (at < line.length && line.text[at] == ' ') ++at;
  const std::size_t first_digit = at;
  std::uint32_t number = 0;
  while (at < line.length && line.text[at] >= '0' && line.text[at] <= '9') {
    number = number * 10 + static_cast<std::uint32_t>(line.text[at++] - '0');
    if (number > kMostMajor) return false;
  }
  if (at == first_digit || at + 1 >= line.length || line.text[at] != ' ') return false;
  *major = {true, number};
  *name = {line.text + at + 1, line.length - at - 1};
  return true;
}

// What each device name stands for; drivers have used several.
struct Names {
  Major control;   // "nvidiactl": since the module registers it separately
  Major frontend;  // "nvidia-frontend": control node and GPUs
  Major nvidia;    // "nvidia": the GPUs; before "nvidia-frontend" also the control node
  Major uvm;
};

Major* slot_of(const Line& name, Names* names) {
  if (is(name, "nvidiactl")) return &names->control;
  if (is(name, "nvidia-frontend")) return &names->frontend;
  if (is(name, "nvidia")) return &names->nvidia;
  return is(name, "nvidia-uvm") ? &names->uvm : nullptr;
}

// Parses the section of character devices. Returns false if it is not in the kernel's format.
bool parse_section(const char* text, Names* names) {
  bool inside = false;
  while (*text != '\0') {
    const char* end = strchr(text, '\n');
    if (end == nullptr) return false;
    const Line line = {text, static_cast<std::size_t>(end - text)};
    text = end + 1;
    if (!inside) {
      inside = is(line, kCharacterDevices);
      if (!inside) return false;
      continue;
    }
    if (is(line, kBlockDevices)) return true;
    if (line.length == 0) continue;
    Major major{};
    Line name{};
    // mutation: only-the-kernels-list
    if (!parse(line, &major, &name)) return false;
    Major* slot = slot_of(name, names);
    if (slot == nullptr) continue;
    if (slot->known && slot->number != major.number) return false;
    *slot = major;
  }
  return inside;
}

}  // namespace

NvidiaMajors read_majors(const NodeSystem& system) {
  char text[kMostBytes] = "";
  const int got = system.read_file("/proc/devices", text, sizeof text);
  if (got <= 0 || static_cast<std::size_t>(got) >= sizeof text - 1) return {};
  if (strnlen(text, sizeof text) != static_cast<std::size_t>(got)) return {};
  Names names{};
  if (!parse_section(text, &names)) return {};
  const Major gpu = names.frontend.known ? names.frontend : names.nvidia;
  return {names.control.known ? names.control : gpu, gpu, names.uvm};
}

}  // namespace gpuprobe::driver
