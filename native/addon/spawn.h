// Starts the warden without copying the service. posix_spawn shares the memory until exec
// (CLONE_VFORK), so it costs the same at 2 GiB as at 40 MiB; a fork of the service would stop it
// for 66 ms.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace gpuprobe::addon {

// Opens and keeps the file that `path` names now, for `spawn_warden`: if a package is reinstalled
// under a running service, the old path is gone or is a warden of another version. Returns -1 on
// failure.
int keep_executable(const std::string& path);

// Starts the kept file, or, if there is none (-1), the file at `path`, with `socket` as descriptor
// 3 and in its own session, so that a Ctrl-C for the service's process group does not hit its
// probes. Returns 0 and sets `pid`, or returns an errno (ENOENT; EACCES: x bit lost or noexec
// mount; EAGAIN: no more processes).
int spawn_warden(int executable, const std::string& path,
                 const std::vector<std::string>& environment, int socket, pid_t* pid);

}  // namespace gpuprobe::addon
