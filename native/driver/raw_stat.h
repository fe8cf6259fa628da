// stat() and fstat() as direct system calls. glibc exports them as functions only since 2.33, and
// before that as macros over other symbols: a program built on a newer system would not start on an
// older one that Node supports. Never statx(): old sandboxes refuse it with EPERM, which here would
// mean a device cgroup.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gpuprobe::driver {

#if (defined(__x86_64__) || defined(__aarch64__)) && defined(__LP64__)

// Here the C library's struct has the kernel's layout.
#if defined(__x86_64__)
static_assert(sizeof(struct stat) == 144);
#else
static_assert(sizeof(struct stat) == 128);
#endif

// Returns 0, or -1 and errno.
inline int raw_stat(const char* path, struct stat* status) {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, status, 0));
}

inline int raw_fstat(int fd, struct stat* status) {
  return static_cast<int>(syscall(SYS_fstat, fd, status));
}

#else

inline int raw_stat(const char* path, struct stat* status) { return ::stat(path, status); }
inline int raw_fstat(int fd, struct stat* status) { return ::fstat(fd, status); }

#endif

}  // namespace gpuprobe::driver
