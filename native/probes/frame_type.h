// The frame types, as catalog/frames.def declares them. Here and not in wire/: a probe names the
// type of its answer.
#pragma once

#include <cstdint>

namespace gpuprobe::probes {

enum class FrameType : std::uint16_t {
#define FRAME_TO_WARDEN(symbol, number) symbol = (number),
#define FRAME(symbol, number, ...) symbol = (number),
#include "catalog/frames.def"
#undef FRAME
#undef FRAME_TO_WARDEN
};

}  // namespace gpuprobe::probes
