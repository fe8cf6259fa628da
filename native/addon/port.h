// One JavaScript environment (the main thread or a worker) as the I/O thread sees it: messages can
// be delivered to it as long as it is open.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/frame.h"

namespace gpuprobe::addon {

class Port {
 public:
  virtual ~Port() = default;
  // Passes a frame to JavaScript, from any thread. A closed port drops it.
  virtual void deliver(std::uint32_t request, wire::FrameType type, const void* payload,
                       std::size_t size) = 0;
};

}  // namespace gpuprobe::addon
