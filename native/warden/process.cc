#include "warden/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gpuprobe::warden {
namespace {

int read_text(const char* path, char* out, std::size_t size) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  const ssize_t got = read(file, out, size - 1);
  close(file);
  out[got > 0 ? got : 0] = '\0';
  return static_cast<int>(got);
}

// What follows the name in /proc/PID/stat, beginning with the state; null when the process is gone.
// The name may hold spaces and parentheses, so the last one ends it.
const char* read_stat(pid_t pid, char* text, std::size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (read_text(path, text, size) <= 0) return nullptr;
  const char* name_end = strrchr(text, ')');
  return name_end != nullptr && strlen(name_end) > 2 ? name_end + 2 : nullptr;
}

}  // namespace

void die_with_parent(pid_t parent, int signal) {
  prctl(PR_SET_PDEATHSIG, signal);
  // It may have ended between the fork and the line above.
  if (getppid() != parent) _exit(0);
}

void move_descriptor(int from, int to) {
  if (from == to) return;
  dup2(from, to);
  close(from);
}

void close_descriptors_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, static_cast<unsigned>(first), ~0u, 0u) == 0) return;
#endif
  // Before Linux 5.9, or in a sandbox that refuses the call.
  DIR* stream = opendir("/proc/self/fd");
  if (stream == nullptr) {
    for (int descriptor = first; descriptor < 1024; ++descriptor) close(descriptor);
    return;
  }
  const int own = dirfd(stream);
  while (const dirent* item = readdir(stream)) {
    const int descriptor = atoi(item->d_name);
    if (descriptor >= first && descriptor != own) close(descriptor);
  }
  closedir(stream);
}

void offer_to_oom_killer() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  // Raising needs no privilege; where it fails the probe is merely as precious as the service.
  const ssize_t written = write(file, "800", 3);
  static_cast<void>(written);
  close(file);
}

bool is_exiting(pid_t pid) {
  constexpr unsigned kExiting = 0x4;  // PF_EXITING, in the seventh field after the name
  char text[512];
  const char* stat = read_stat(pid, text, sizeof text);
  unsigned flags = 0;
  return stat == nullptr ||
         (sscanf(stat, "%*c %*d %*d %*d %*d %*d %u", &flags) == 1 && (flags & kExiting) != 0);
}

void describe_wait(pid_t pid, char* out, std::size_t size) {
  out[0] = '\0';
  char path[64];
  char text[512];
  const char* state = read_stat(pid, text, sizeof text);
  if (state == nullptr) return;
  char channel[64] = "";
  snprintf(path, sizeof path, "/proc/%d/wchan", pid);
  read_text(path, channel, sizeof channel);
  const bool known = channel[0] != '\0' && strcmp(channel, "0") != 0;
  snprintf(out, size, "state %c%s%s", state[0], known ? ", waiting in " : "", known ? channel : "");
}

}  // namespace gpuprobe::warden
