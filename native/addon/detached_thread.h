// A thread that nobody joins. It blocks every signal, so the service's handlers never run on it,
// and has a small stack; it must not touch anything that an environment's teardown destroys.
#pragma once

#include <functional>

namespace gpuprobe::addon {

// `name` is what a debugger and /proc show, 15 characters at most. False: no thread to be had.
bool start_detached(const char* name, std::function<void()> body);

}  // namespace gpuprobe::addon
