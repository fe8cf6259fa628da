// One JavaScript environment (the main thread or a worker) as the I/O thread sees it: somewhere to
// deliver messages, for as long as it is open.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/frame.h"

namespace gpuprobe::addon {

class Port {
 public:
  virtual ~Port() = default;
  // From any thread: what JavaScript gets of a frame. A closed port drops it.
  virtual void deliver(std::uint32_t request, wire::FrameType type, const void* payload,
                       std::size_t size) = 0;
};

}  // namespace gpuprobe::addon
