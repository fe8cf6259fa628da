// Where driver libraries come from, as the service described it: the real driver or one simulated
// machine, with the environment its children get. A running warden's own environment is fixed at
// exec, so both travel; children, pages and caps are counted per source.
#pragma once

#include <cstdint>

#include "probes/request.h"
#include "wire/frame.h"

namespace gpuprobe::warden {

constexpr std::size_t kMaxEnvironment = 512;

// Kept for the life of the warden, which allocates nothing: what is never filled costs no memory.
struct RegisteredSource {
  bool known;
  int world_fd;  // -1: the real driver
  const char* directories;
  char* environment[kMaxEnvironment + 1];
  char text[wire::kMaxPayload];  // directories, then the environment
};

class Sources {
 public:
  // Takes over `world_fd`. False: the payload is malformed, or there are too many.
  bool add(const wire::Frame& frame, int world_fd);
  // Null: no such source.
  const RegisteredSource* find(std::uint32_t id) const;

 private:
  RegisteredSource sources_[wire::kMaxSources];
};

}  // namespace gpuprobe::warden
