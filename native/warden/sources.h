// Sources of driver libraries, as the service described them: the real driver or a simulated
// machine, with the environment for its children. The warden's own environment is fixed at exec, so
// both are sent to it. Children, pages and limits are counted per source.
#pragma once

#include <cstdint>

#include "probes/request.h"
#include "wire/frame.h"

namespace gpuprobe::warden {

constexpr std::size_t kMaxEnvironment = 512;

// Kept as long as the warden lives. The warden allocates nothing; pages that are never written cost
// no memory.
struct RegisteredSource {
  bool known;
  int world_fd;  // -1: the real driver
  const char* directories;
  char* environment[kMaxEnvironment + 1];
  char text[wire::kMaxPayload];  // directories, then the environment
};

class Sources {
 public:
  // Takes ownership of `world_fd` on success. Returns false if the payload is malformed or there
  // are too many sources.
  bool add(const wire::Frame& frame, int world_fd);
  // Returns null if there is no such source.
  const RegisteredSource* find(std::uint32_t id) const;

 private:
  RegisteredSource sources_[wire::kMaxSources];
};

}  // namespace gpuprobe::warden
