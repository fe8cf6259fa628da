// Starting the warden without copying the service: posix_spawn shares the memory until the exec
// (CLONE_VFORK), so it costs the same at 2 GiB as at 40 MiB, where a fork of the service would stop
// it for 66 ms.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace gpuprobe::addon {

// Starts `path` with `socket` as descriptor 3. 0 and the pid, or an errno (ENOENT, EACCES: lost x
// bit or noexec mount, EAGAIN: no more processes).
int spawn_warden(const std::string& path, const std::vector<std::string>& environment, int socket,
                 pid_t* pid);

}  // namespace gpuprobe::addon
