// stat() and fstat() as the kernel gives them. glibc has them as functions since 2.33 only, and had
// macros over others before: a program that was built on a newer system would not start on an older
// one that Node runs on. Never statx(): old sandboxes refuse it with EPERM, which here is the
// answer of a device cgroup.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gpuprobe::driver {

#if (defined(__x86_64__) || defined(__aarch64__)) && defined(__LP64__)

// The C library's struct is the kernel's there.
#if defined(__x86_64__)
static_assert(sizeof(struct stat) == 144);
#else
static_assert(sizeof(struct stat) == 128);
#endif

// 0, or -1 and errno.
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
