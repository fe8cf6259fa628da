#include "sim/engine/call.h"

#include <string.h>

#include "sim/engine/random.h"

namespace gpuprobe::sim {

std::uint64_t next_random(const Call& call) { return mix(call.corruption.random += kGoldenRatio); }

void scramble(const Call& call, void* out, std::size_t bytes) {
  char* to = static_cast<char*>(out);
  while (bytes > 0) {
    const std::uint64_t random = next_random(call);
    const std::size_t part = bytes < sizeof random ? bytes : sizeof random;
    memcpy(to, &random, part);
    to += part;
    bytes -= part;
  }
}

// Printable, so that only the missing terminator reveals it.
void leave_unterminated(void* out, std::size_t bytes) { memset(out, 'x', bytes); }

}  // namespace gpuprobe::sim
