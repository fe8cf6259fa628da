// Preloaded into a service: other code of it that reaps whatever child ends, or has SIGCHLD ignored,
// so that the kernel reaps. REAPER=ignore is the second.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void* reap(void* unused) {
  for (;;) {
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    usleep(100);
  }
  return unused;
}

// In the service alone: a helper that inherits LD_PRELOAD is none of its code.
__attribute__((constructor)) static void start(void) {
  const char* mode = getenv("REAPER");
  if (mode == NULL || strcmp(program_invocation_short_name, "node") != 0) return;
  if (strcmp(mode, "ignore") == 0) {
    signal(SIGCHLD, SIG_IGN);
    return;
  }
  pthread_t thread;
  pthread_create(&thread, NULL, reap, NULL);
}
