// One JavaScript environment (the main thread or a worker) as the I/O thread sees it: somewhere to
// deliver messages, for as long as it is open.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "wire/frame.h"

namespace gpuprobe::addon {

// What JavaScript gets of a frame.
struct Message {
  std::uint32_t request;
  wire::FrameType type;
  std::vector<unsigned char> payload;
};

class Port {
 public:
  virtual ~Port() = default;
  // From any thread. A closed port drops the message.
  virtual void deliver(std::unique_ptr<Message> message) = 0;
};

}  // namespace gpuprobe::addon
