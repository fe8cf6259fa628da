#include "driver/nodes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "driver/majors.h"
#include "driver/raw_stat.h"
#include "driver/text.h"

namespace gpuprobe::driver {
namespace {

int kernel_stat(const char* path, NodeStat* out) {
  struct stat status;
  if (raw_stat(path, &status) != 0) return -errno;
  *out = {major(status.st_rdev), minor(status.st_rdev), S_ISCHR(status.st_mode)};
  return 0;
}

int kernel_access(const char* path) { return ::access(path, R_OK | W_OK) == 0 ? 0 : -errno; }

// Reads to the end, or as much as fits: files that the kernel generates may come in pieces.
int kernel_read_file(const char* path, char* buffer, std::size_t size) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  std::size_t length = 0;
  ssize_t got = 0;
  int error = 0;
  do {
    got = ::read(fd, buffer + length, size - 1 - length);
    if (got < 0) error = errno;
    if (got > 0) length += static_cast<std::size_t>(got);
  } while (got > 0 && length < size - 1);
  ::close(fd);
  if (error != 0) return -error;
  buffer[length] = '\0';
  return static_cast<int>(length);
}

int kernel_list(const char* directory, void (*entry)(void*, const char*), void* context) {
  DIR* stream = ::opendir(directory);
  if (stream == nullptr) return -errno;
  while (const dirent* item = ::readdir(stream)) entry(context, item->d_name);
  ::closedir(stream);
  return 0;
}

bool all_digits(const char* text) {
  if (*text == '\0') return false;
  for (; *text != '\0'; ++text) {
    if (*text < '0' || *text > '9') return false;
  }
  return true;
}

// Finds the first token of the form N.N[.N] in /proc/driver/nvidia/version. The words before it
// differ between the proprietary module ("... Kernel Module 535.261.03") and the open one ("for
// x86_64 595.45.04").
void parse_version(const char* text, char* out, std::size_t size) {
  const char* line_end = strchr(text, '\n');
  const char* end = line_end != nullptr ? line_end : text + strlen(text);
  for (const char* start = text; start < end;) {
    const char* stop = start;
    int dots = 0;
    while (stop < end && ((*stop >= '0' && *stop <= '9') || *stop == '.')) dots += *stop++ == '.';
    const bool word_ends = stop == end || *stop == ' ' || *stop == '\t';
    if (dots >= 1 && word_ends && *start != '.' && stop[-1] != '.') {
      copy_text(out, size, start, static_cast<std::size_t>(stop - start));
      return;
    }
    while (stop < end && *stop != ' ' && *stop != '\t') ++stop;
    while (stop < end && (*stop == ' ' || *stop == '\t')) ++stop;
    start = stop;
  }
}

constexpr std::uint32_t kNvidiaMajor = 195;
constexpr std::uint32_t kControlMinor = 255;
constexpr std::uint32_t kMostMinor = (1u << 20) - 1;

std::uint32_t parse_minor(const char* digits) {
  std::uint32_t minor = 0;
  for (; *digits != '\0' && minor <= kMostMinor; ++digits) {
    minor = minor * 10 + static_cast<std::uint32_t>(*digits - '0');
  }
  return minor;
}

// The device numbers of an NVIDIA node. Those of the control node and of the GPUs have always been
// the same; those of nvidia-uvm and of WSL's dxg are assigned when the module is loaded.
struct Numbers {
  Major major;
  std::uint32_t minor;
  bool listed;  // /proc/devices lists the major
};

Numbers numbers_of(const char* path, const NvidiaMajors& majors) {
  constexpr char kPrefix[] = "/dev/nvidia";
  if (strncmp(path, kPrefix, sizeof kPrefix - 1) != 0) return {};
  const char* name = path + sizeof kPrefix - 1;
  // mutation: majors-are-the-kernels
  if (strcmp(name, "-uvm") == 0) return {majors.uvm, 0, majors.uvm.known};
  const bool control = strcmp(name, "ctl") == 0;
  if (!control && !all_digits(name)) return {};
  const Major listed = control ? majors.control : majors.gpu;
  return {listed.known ? listed : Major{true, kNvidiaMajor},
          control ? kControlMinor : parse_minor(name), listed.known};
}

bool is_nvidias(const NodeStat& node, const Numbers& numbers) {
  if (!node.character_device) return false;
  return !numbers.major.known ||
         (node.major == numbers.major.number && node.minor == numbers.minor);
}

struct Walk {
  const NodeSystem& system;
  NodesFacts* facts;
  NvidiaMajors majors;
};

void add_node(Walk& walk, const char* path) {
  NodesFacts& facts = *walk.facts;
  if (facts.node_count == kMaxNodes) {
    facts.truncated = 1;
    return;
  }
  NodeFact& node = facts.nodes[facts.node_count++];
  copy_text(node.path, sizeof node.path, path, strlen(path));
  NodeStat status{};
  node.stat_errno = -walk.system.stat(path, &status);
  node.access_errno = -walk.system.access(path);
  // Even if the node can be opened, it is not NVIDIA's driver that answers. As root the libraries
  // repair such a node themselves; other users get "Unknown Error".
  const Numbers numbers = numbers_of(path, walk.majors);
  if (node.stat_errno == 0 && !is_nvidias(status, numbers)) node.access_errno = ENODEV;
  node.major = status.major;
  node.minor = status.minor;
  node.character_device = status.character_device;
  node.expected_known = numbers.listed;
  if (!numbers.listed) return;
  node.expected_major = numbers.major.number;
  node.expected_minor = numbers.minor;
}

void add_gpu_node(void* context, const char* name) {
  constexpr char kPrefix[] = "nvidia";
  constexpr std::size_t kPrefixLength = sizeof kPrefix - 1;
  if (strncmp(name, kPrefix, kPrefixLength) != 0 || !all_digits(name + kPrefixLength)) return;
  char path[sizeof NodeFact::path];
  snprintf(path, sizeof path, "/dev/%.40s", name);
  add_node(*static_cast<Walk*>(context), path);
}

void add_kernel_gpu(void* context, const char* name) {
  if (strchr(name, ':') == nullptr) return;  // "." and ".."
  NodesFacts& facts = *static_cast<Walk*>(context)->facts;
  if (facts.gpu_count == kMaxKernelGpus) {
    facts.truncated = 1;
    return;
  }
  copy_text(facts.gpus[facts.gpu_count++], sizeof facts.gpus[0], name, strlen(name));
}

int by_path(const void* a, const void* b) {
  const char* left = static_cast<const NodeFact*>(a)->path;
  const char* right = static_cast<const NodeFact*>(b)->path;
  const std::size_t left_length = strlen(left);
  const std::size_t right_length = strlen(right);
  if (left_length != right_length) return left_length < right_length ? -1 : 1;
  return strcmp(left, right);
}

int by_text(const void* a, const void* b) {
  return strcmp(static_cast<const char*>(a), static_cast<const char*>(b));
}

// Insertion sort, because the counts are limited above, and libc's qsort may allocate.
template <typename T>
void sort(T* items, std::size_t count, int (*compare)(const void*, const void*)) {
  for (std::size_t i = 1; i < count; ++i) {
    for (std::size_t j = i; j > 0 && compare(&items[j - 1], &items[j]) > 0; --j) {
      T swapped;
      memcpy(&swapped, &items[j], sizeof(T));
      memcpy(&items[j], &items[j - 1], sizeof(T));
      memcpy(&items[j - 1], &swapped, sizeof(T));
    }
  }
}

}  // namespace

const NodeSystem& kernel_nodes() {
  static constexpr NodeSystem kKernel = {kernel_stat, kernel_access, kernel_read_file, kernel_list};
  return kKernel;
}

bool gpu_sleeps(const NodeSystem& system, const char* pci_bus_id) {
  char path[96];
  char text[32] = "";
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%.15s/power/runtime_status", pci_bus_id);
  return system.read_file(path, text, sizeof text) > 0 && strncmp(text, "suspended", 9) == 0;
}

void read_nodes(const NodeSystem& system, NodesFacts* facts) {
  memset(facts, 0, sizeof *facts);
  Walk walk{system, facts, read_majors(system)};
  char text[512] = "";
  NodeStat unused{};
  if (system.read_file("/proc/driver/nvidia/version", text, sizeof text) > 0) {
    parse_version(text, facts->kernel_driver_version, sizeof facts->kernel_driver_version);
  }
  facts->module_loaded = text[0] != '\0' || system.stat("/sys/module/nvidia", &unused) == 0;
  facts->wsl = system.stat("/dev/dxg", &unused) == 0;
  if (facts->wsl) add_node(walk, "/dev/dxg");
  // The control node first: NVML's init code reflects its errno.
  const bool control = system.stat("/dev/nvidiactl", &unused) == 0;
  if (control || (facts->module_loaded && !facts->wsl)) add_node(walk, "/dev/nvidiactl");
  const std::size_t first_gpu = facts->node_count;
  system.list("/dev", add_gpu_node, &walk);
  sort(facts->nodes + first_gpu, facts->node_count - first_gpu, by_path);
  if (system.stat("/dev/nvidia-uvm", &unused) == 0 || facts->node_count > first_gpu) {
    add_node(walk, "/dev/nvidia-uvm");
  }
  system.list("/proc/driver/nvidia/gpus", add_kernel_gpu, &walk);
  sort(facts->gpus, facts->gpu_count, by_text);
  for (std::size_t i = 0; i < facts->gpu_count; ++i) {
    facts->gpu_sleeps[i] = gpu_sleeps(system, facts->gpus[i]);
  }
}

}  // namespace gpuprobe::driver
