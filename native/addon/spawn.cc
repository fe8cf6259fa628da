#include "addon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

namespace gpuprobe::addon {
namespace {

constexpr int kServiceDescriptor = 3;
// Kept descriptors must be above those that the child's own are moved to.
constexpr int kFirstKept = 10;

// Frees the settings on every return path.
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

int keep_executable(const std::string& path) {
  const int opened = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (opened < 0) return -1;
  const int kept = fcntl(opened, F_DUPFD_CLOEXEC, kFirstKept);
  close(opened);
  return kept;
}

int spawn_warden(int executable, const std::string& path,
                 const std::vector<std::string>& environment, int socket, pid_t* pid) {
  SpawnSettings settings;
  posix_spawn_file_actions_adddup2(&settings.actions, socket, kServiceDescriptor);
  // Node marks 0 to 2 close-on-exec. Without these actions the driver's first open() becomes
  // stdout.
  // mutation: standard-descriptors/spawn
  posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&settings.actions, STDIN_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&settings.actions, STDIN_FILENO, STDERR_FILENO);
  // Ignored signals and a blocked mask would be inherited through exec.
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setflags(&settings.attributes,
                           // mutation: own-session
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);

  std::string name = "gpuprobe-warden";
  std::string service = std::to_string(getpid());
  char* arguments[] = {name.data(), service.data(), nullptr};
  std::vector<std::string> copies = environment;
  std::vector<char*> variables;
  variables.reserve(copies.size() + 1);
  for (std::string& variable : copies) variables.push_back(variable.data());
  variables.push_back(nullptr);
  const auto spawn = [&](const std::string& file) {
    return posix_spawn(pid, file.c_str(), &settings.actions, &settings.attributes, arguments,
                       variables.data());
  };
  // mutation: kept-executable
  const int error = executable < 0 ? ENOENT : spawn("/proc/self/fd/" + std::to_string(executable));
  // Without /proc only the path remains.
  return error == ENOENT ? spawn(path) : error;
}

}  // namespace gpuprobe::addon
