// A thread that is never joined. It blocks all signals, so the service's handlers never run on it,
// and has a small stack. It must not touch anything that an environment's teardown destroys.
#pragma once

#include <functional>

namespace gpuprobe::addon {

// `name` is shown by debuggers and /proc, at most 15 characters. Returns false if no thread can be
// created.
bool start_detached(const char* name, std::function<void()> body);

}  // namespace gpuprobe::addon
