#include "addon/detached_thread.h"

#include <pthread.h>
#include <signal.h>

#include <memory>

namespace gpuprobe::addon {
namespace {

// Driver libraries run on the probe thread and expect a normal stack size; untouched pages cost no
// memory.
constexpr std::size_t kStackBytes = std::size_t{2} * 1024 * 1024;

void* enter(void* argument) {
  const std::unique_ptr<std::function<void()>> body(static_cast<std::function<void()>*>(argument));
  (*body)();
  return nullptr;
}

}  // namespace

bool start_detached(const char* name, std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // inherited by the thread
  auto owned = std::make_unique<std::function<void()>>(std::move(body));
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, enter, owned.get()) == 0;
  if (started) static_cast<void>(owned.release());
  if (started) pthread_setname_np(thread, name);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

}  // namespace gpuprobe::addon
