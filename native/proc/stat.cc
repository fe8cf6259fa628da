#include "proc/stat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace gpuprobe::proc {
namespace {

// Reads the file NAME of /proc/PID; "" if it cannot be read.
void read_file(pid_t pid, const char* name, char* out, std::size_t size) {
  out[0] = '\0';
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", static_cast<int>(pid), name);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  const ssize_t got = read(file, out, size - 1);
  close(file);
  out[got > 0 ? got : 0] = '\0';
}

// Returns the field `count` fields after this one, or null if there are not so many.
const char* skip_fields(const char* field, int count) {
  for (int i = 0; i < count && field != nullptr; ++i) {
    field = strchr(field, ' ');
    if (field != nullptr) ++field;
  }
  return field;
}

}  // namespace

bool read_stat(pid_t pid, ProcessStat* out) {
  constexpr int kFlags = 9;  // as proc(5) numbers the fields
  constexpr int kStart = 22;
  char text[1024];
  read_file(pid, "stat", text, sizeof text);
  // The name (field 2) may contain anything, so fields are counted from its last parenthesis.
  const char* name_end = strrchr(text, ')');
  const char* state = name_end == nullptr ? nullptr : skip_fields(name_end, 1);
  const char* flags = skip_fields(state, kFlags - 3);
  const char* start = skip_fields(flags, kStart - kFlags);
  if (state == nullptr || flags == nullptr || start == nullptr) return false;
  *out = {state[0], static_cast<unsigned>(strtoul(flags, nullptr, 10)),
          strtoull(start, nullptr, 10)};
  return true;
}

bool is_exiting(pid_t pid) {
  constexpr unsigned kExiting = 0x4;  // PF_EXITING
  ProcessStat stat;
  return !read_stat(pid, &stat) || (stat.flags & kExiting) != 0;
}

void describe_wait(pid_t pid, char* out, std::size_t size) {
  out[0] = '\0';
  ProcessStat stat;
  if (!read_stat(pid, &stat)) return;
  char channel[64];
  read_file(pid, "wchan", channel, sizeof channel);
  const bool known = channel[0] != '\0' && strcmp(channel, "0") != 0;
  snprintf(out, size, "state %c%s%s", stat.state, known ? ", waiting in " : "",
           known ? channel : "");
}

}  // namespace gpuprobe::proc
