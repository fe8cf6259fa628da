// Included before all else by both builds (not with sanitizers, which stand in for these functions
// themselves). Node's own binaries run on glibc 2.28. What is built on a newer system would ask for
// that system's: functions moved between libraries in 2.34 and 2.32 and have new versions since,
// and the old ones are still there. test/package holds the floor.
#include <features.h>

#if defined(__GLIBC__) && defined(__x86_64__)
#define GPUPROBE_OLD(name) __asm__(".symver " #name "," #name "@GLIBC_2.2.5")
// Elsewhere since the version that the function came with.
#define GPUPROBE_OLD_SINCE(name, x64) __asm__(".symver " #name "," #name "@" x64)
#elif defined(__GLIBC__) && defined(__aarch64__)
// The first glibc for arm64.
#define GPUPROBE_OLD(name) __asm__(".symver " #name "," #name "@GLIBC_2.17")
#define GPUPROBE_OLD_SINCE(name, x64) GPUPROBE_OLD(name)
#endif

#if defined(GPUPROBE_OLD)
GPUPROBE_OLD(dlerror);
GPUPROBE_OLD(dlopen);
GPUPROBE_OLD(dlsym);
GPUPROBE_OLD(pthread_create);
GPUPROBE_OLD(pthread_mutex_trylock);
GPUPROBE_OLD(pthread_once);
GPUPROBE_OLD(pthread_sigmask);
GPUPROBE_OLD(pthread_attr_setstacksize);
GPUPROBE_OLD(__libc_start_main);
GPUPROBE_OLD_SINCE(dlinfo, "GLIBC_2.3.3");
GPUPROBE_OLD_SINCE(pthread_condattr_setclock, "GLIBC_2.3.3");
GPUPROBE_OLD_SINCE(pthread_setname_np, "GLIBC_2.12");
#endif
