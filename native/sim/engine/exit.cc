#include "sim/engine/exit.h"

#include <unistd.h>

#include <atomic>

#include "sim/engine/faults.h"

namespace gpuprobe::sim {
namespace {

std::atomic<pid_t> opened_by;

// Runs at exit() and dlclose(). _exit() runs no destructors and is not blocked.
[[gnu::destructor]] void end() {
  MachineView world;
  if (opened_by.load() != getpid() || !world.enter()) return;
  if (world.machine->exit == Exit::deadlock) hang(&library_lock);
}

}  // namespace

void note_library_opened() { opened_by.store(getpid()); }

}  // namespace gpuprobe::sim
