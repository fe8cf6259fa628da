#include "sim/world.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <atomic>

#include "sim/fields.h"
#include "sim/parse.h"

namespace gpuprobe::sim {
namespace {

// The longest lists allowed come to about 60 MiB of text.
constexpr off_t kMaxWorldBytes = off_t{128} << 20;

struct Storage {
  Machine machine;
  Records records;
};

pthread_mutex_t attach_mutex = PTHREAD_MUTEX_INITIALIZER;
World world_storage;
std::atomic<const World*> current_world;
dev_t current_device;
ino_t current_inode;

int parse_into_new_storage(char* text, std::size_t length, const Machine** machine) {
  void* memory = mmap(nullptr, sizeof(Storage), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return errno;
  Storage* storage = static_cast<Storage*>(memory);
  if (!parse_scenario(text, length, &storage->machine, &storage->records)) {
    munmap(memory, sizeof(Storage));
    return EINVAL;
  }
  *machine = &storage->machine;
  return 0;
}

// The text is mapped privately: the parser ends its strings in place, and no later write to the
// memfd can change a machine under its readers.
int load_machine(int fd, off_t size, const Machine** machine) {
  const off_t length = size - static_cast<off_t>(driver::kWorldRuntimeBytes);
  void* text = mmap(nullptr, static_cast<std::size_t>(length), PROT_READ | PROT_WRITE, MAP_PRIVATE,
                    fd, static_cast<off_t>(driver::kWorldRuntimeBytes));
  if (text == MAP_FAILED) return errno;
  const int error =
      parse_into_new_storage(static_cast<char*>(text), static_cast<std::size_t>(length), machine);
  if (error != 0) munmap(text, static_cast<std::size_t>(length));
  return error;
}

int attach_locked(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return errno;
  if (current_world.load(std::memory_order_relaxed) != nullptr) {
    return status.st_dev == current_device && status.st_ino == current_inode ? 0 : EBUSY;
  }
  if (!S_ISREG(status.st_mode) || status.st_size > kMaxWorldBytes ||
      status.st_size <= static_cast<off_t>(driver::kWorldRuntimeBytes)) {
    return EINVAL;
  }
  void* runtime =
      mmap(nullptr, driver::kWorldRuntimeBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (runtime == MAP_FAILED) return errno;
  const Machine* machine = nullptr;
  const int error = load_machine(fd, status.st_size, &machine);
  if (error != 0) {
    munmap(runtime, driver::kWorldRuntimeBytes);
    return error;
  }
  world_storage = {machine, static_cast<Runtime*>(runtime)};
  current_device = status.st_dev;
  current_inode = status.st_ino;
  current_world.store(&world_storage, std::memory_order_release);
  return 0;
}

void attach_from_environment() {
  const char* text = getenv(driver::kWorldVariable);
  std::uint64_t fd = 0;
  if (text != nullptr && parse_unsigned(text, 0x7FFFFFFF, &fd)) attach_world(static_cast<int>(fd));
}

}  // namespace

int attach_world(int fd) {
  pthread_mutex_lock(&attach_mutex);
  const int error = attach_locked(fd);
  pthread_mutex_unlock(&attach_mutex);
  return error;
}

const World* find_world() {
  if (current_world.load(std::memory_order_acquire) == nullptr) attach_from_environment();
  return current_world.load(std::memory_order_acquire);
}

const World& attached_world() { return world_storage; }

}  // namespace gpuprobe::sim
