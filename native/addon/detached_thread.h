// A thread that nobody joins. It blocks every signal, so the service's handlers never run on it,
// and has a small stack; it must not touch anything that an environment's teardown destroys.
#pragma once

#include <functional>

namespace gpuprobe::addon {

// False: no thread to be had.
bool start_detached(std::function<void()> body);

}  // namespace gpuprobe::addon
