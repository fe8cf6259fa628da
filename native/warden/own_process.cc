#include "warden/own_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gpuprobe::warden {
void die_with_parent(pid_t parent, int signal) {
  prctl(PR_SET_PDEATHSIG, signal);
  // The parent may have exited between the fork and the prctl above.
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
  // Before Linux 5.9, or if a sandbox refuses the call.
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
  // Raising the score needs no privilege. If it fails, the probe is as likely to be killed as the
  // service.
  const ssize_t written = write(file, "800", 3);
  static_cast<void>(written);
  close(file);
}

}  // namespace gpuprobe::warden
