#include "addon/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

namespace gpuprobe::addon {
namespace {

constexpr int kServiceDescriptor = 3;

// Closes what it opened, whichever line leaves the function.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

}  // namespace

int spawn_warden(const std::string& path, const std::vector<std::string>& environment, int socket,
                 pid_t* pid) {
  SpawnSettings settings;
  posix_spawn_file_actions_adddup2(&settings.actions, socket, kServiceDescriptor);
  // Node marks 0 to 2 close-on-exec: without these the driver's first open() becomes stdout.
  posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&settings.actions, STDIN_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&settings.actions, STDIN_FILENO, STDERR_FILENO);
  // Ignored signals and a blocked mask would be inherited through the exec.
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::string name = "gpuprobe-warden";
  std::string service = std::to_string(getpid());
  char* arguments[] = {name.data(), service.data(), nullptr};
  std::vector<std::string> copies = environment;
  std::vector<char*> variables;
  variables.reserve(copies.size() + 1);
  for (std::string& variable : copies) variables.push_back(variable.data());
  variables.push_back(nullptr);
  return posix_spawn(pid, path.c_str(), &settings.actions, &settings.attributes, arguments,
                     variables.data());
}

}  // namespace gpuprobe::addon
