// Starting the warden without copying the service: posix_spawn shares the memory until the exec
// (CLONE_VFORK), so it costs the same at 2 GiB as at 40 MiB, where a fork of the service would stop
// it for 66 ms.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace gpuprobe::addon {

// Keeps the file that `path` names now, for `spawn_warden`: where a package is installed anew under
// a running service, its old path leads nowhere, or to a warden of another version. -1: there is
// none.
int keep_executable(const std::string& path);

// Starts the kept file, or without one (-1) whatever is at `path`, with `socket` as descriptor 3
// and in a session of its own: a Ctrl-C for the service's process group is not for its probes. 0
// and the pid, or an errno (ENOENT, EACCES: lost x bit or noexec mount, EAGAIN: no more processes).
int spawn_warden(int executable, const std::string& path,
                 const std::vector<std::string>& environment, int socket, pid_t* pid);

}  // namespace gpuprobe::addon
