// Layer 0: how the kernel's answers are interpreted, and the kernel's real answers for real files.
#include "driver/nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "check.h"
#include "fake_nodes.h"

namespace {

using gpuprobe::driver::kernel_nodes;
using gpuprobe::driver::kMaxKernelGpus;
using gpuprobe::driver::kMaxNodes;
using gpuprobe::driver::NodeFact;
using gpuprobe::driver::NodesFacts;
using gpuprobe::driver::NodeStat;
using gpuprobe::driver::NodeSystem;

using namespace gpuprobe::test;

void load_module(const std::string& version_text) {
  paths["/sys/module/nvidia"] = {};
  files["/proc/driver/nvidia/version"] = version_text;
}

std::string version_of(const std::string& text) {
  load_module(text);
  return read_fake().kernel_driver_version;
}

std::string node_paths(const NodesFacts& facts) {
  std::string all;
  for (unsigned i = 0; i < facts.node_count; ++i) all += std::string(facts.nodes[i].path) + " ";
  return all;
}

TEST("the version of the proprietary module") {
  CHECK_EQ("535.261.03",
           version_of("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.261.03  Fri May 30 "
                      "06:00:12 UTC 2025\nGCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n"));
}

TEST("the version of the open module") {
  CHECK_EQ("595.45.04",
           version_of("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  595.45.04  Release "
                      "Build  (dvs-builder@U22)  Tue Mar  3 05:12:45 UTC 2026\n"));
  CHECK_EQ("595.45.04", version_of("NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  "
                                   "595.45.04"));
}

TEST("a text that holds no version gives none") {
  CHECK_EQ("", version_of("NVRM version: unknown\n"));
  CHECK_EQ("", version_of("535\n"));
  CHECK_EQ("", version_of("NVRM version: .535.1 535. v535.1 535.1-beta 1.2x ...\n"));
  CHECK_EQ("", version_of("\n535.261.03\n"));
  CHECK_EQ("", version_of(std::string("\x01\xff\xfe", 3)));
  CHECK_EQ("", version_of(std::string(600, '5')));
  CHECK_EQ(1u, read_fake().module_loaded);
}

TEST("a version that is too long ends inside its field") {
  const std::string version = version_of(std::string(100, '5') + "." + std::string(100, '3'));
  CHECK_EQ(std::string(63, '5'), version);
}

TEST("no module and no node") {
  folders["/dev"] = {"null", "tty", "."};
  const NodesFacts& facts = read_fake();
  CHECK_EQ(0u, facts.module_loaded);
  CHECK_EQ(0u, facts.wsl);
  CHECK_EQ(0u, facts.node_count);
  CHECK_EQ(0u, facts.gpu_count);
  CHECK_EQ(0u, facts.truncated);
  CHECK_EQ("", facts.kernel_driver_version);
}

TEST("the module alone names the nodes that it lacks") {
  load_module("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.261.03\n");
  const NodesFacts& facts = read_fake();
  CHECK_EQ(1u, facts.module_loaded);
  CHECK_EQ("/dev/nvidiactl ", node_paths(facts));
  CHECK_EQ(ENOENT, facts.nodes[0].stat_errno);
  CHECK_EQ(ENOENT, facts.nodes[0].access_errno);
}

TEST("a module whose version cannot be read is still loaded") {
  paths["/sys/module/nvidia"] = {};
  CHECK_EQ(1u, read_fake().module_loaded);
  CHECK_EQ("", read_fake().kernel_driver_version);
}

TEST("each node keeps its own errno") {
  load_module("");
  add_node("nvidiactl", {0, EPERM, 255});
  add_node("nvidia0", {0, EACCES, 0});
  add_node("nvidia1", {0, 0, 1});
  add_node("nvidia2", {EIO, ENXIO, 2});
  const NodesFacts& facts = read_fake();
  CHECK_EQ("/dev/nvidiactl /dev/nvidia0 /dev/nvidia1 /dev/nvidia2 /dev/nvidia-uvm ",
           node_paths(facts));
  CHECK_EQ(EPERM, facts.nodes[0].access_errno);
  CHECK_EQ(0, facts.nodes[0].stat_errno);
  CHECK_EQ(195u, facts.nodes[0].major);
  CHECK_EQ(255u, facts.nodes[0].minor);
  CHECK_EQ(1u, facts.nodes[0].character_device);
  CHECK_EQ(EACCES, facts.nodes[1].access_errno);
  CHECK_EQ(0, facts.nodes[2].access_errno);
  CHECK_EQ(1u, facts.nodes[2].minor);
  CHECK_EQ(EIO, facts.nodes[3].stat_errno);
  CHECK_EQ(ENXIO, facts.nodes[3].access_errno);
  CHECK_EQ(0u, facts.nodes[3].major);
  // A GPU without its uvm node: CUDA fails although NVML works.
  CHECK_EQ(ENOENT, facts.nodes[4].stat_errno);
}

TEST("a node that is not NVIDIA's is no device, whoever may open it") {
  add_node("nvidiactl", {0, 0, 254});
  add_node("nvidia0", {0, 0, 0, 1});
  add_node("nvidia1", {0, EACCES, 0});
  add_node("nvidia2", {0, 0, 2, 195, false});
  add_node("nvidia3");
  add_node("nvidia-uvm", {0, 0, 0, 511, false});
  const NodesFacts& facts = read_fake();
  for (const unsigned wrong : {0u, 1u, 2u, 3u, 5u}) {
    CHECK_EQ(ENODEV, facts.nodes[wrong].access_errno);
  }
  CHECK_EQ(0, facts.nodes[4].access_errno);
  paths["/dev/nvidia-uvm"].character_device = true;
  CHECK_EQ(0, read_fake().nodes[5].access_errno);
}

TEST("nodes stand in the order of their numbers") {
  for (const char* name : {"nvidia10", "nvidia2", "nvidiactl", "nvidia0", "nvidia-uvm"}) {
    add_node(name);
  }
  CHECK_EQ("/dev/nvidiactl /dev/nvidia0 /dev/nvidia2 /dev/nvidia10 /dev/nvidia-uvm ",
           node_paths(read_fake()));
}

TEST("other names are no nodes of a GPU") {
  for (const char* name : {"nvidia-caps", "nvidia-modeset", "nvidia-uvm-tools", "nvidia", "nvidiaX",
                           "nvidia1x", "nvidia-1", "Nvidia0", "xnvidia0", "nvidia0 "}) {
    add_node(name);
  }
  CHECK_EQ("", node_paths(read_fake()));
}

TEST("more nodes than fit are counted as cut off") {
  add_node("nvidiactl");
  for (std::size_t i = 0; i < kMaxNodes + 5; ++i) add_node("nvidia" + std::to_string(i));
  const NodesFacts& facts = read_fake();
  CHECK_EQ(kMaxNodes, facts.node_count);
  CHECK_EQ(1u, facts.truncated);
  CHECK_EQ("/dev/nvidiactl", facts.nodes[0].path);
  CHECK_EQ("/dev/nvidia78", facts.nodes[kMaxNodes - 1].path);
}

TEST("a name that is too long stays inside its field") {
  add_node("nvidia" + std::string(200, '7'));
  const NodesFacts& facts = read_fake();
  CHECK_EQ("/dev/nvidia" + std::string(34, '7'), facts.nodes[0].path);
  CHECK_EQ(ENOENT, facts.nodes[0].stat_errno);
}

TEST("GPUs of the kernel driver, in order of their address") {
  folders["/proc/driver/nvidia/gpus"] = {".", "..", "0000:41:00.0", "0000:01:00.0"};
  CHECK_EQ(2u, read_fake().gpu_count);
  CHECK_EQ("0000:01:00.0", read_fake().gpus[0]);
  CHECK_EQ("0000:41:00.0", read_fake().gpus[1]);
  auto& many = folders["/proc/driver/nvidia/gpus"];
  many.assign(kMaxKernelGpus + 1, "0000:01:00.0 and more than fits");
  CHECK_EQ(kMaxKernelGpus, read_fake().gpu_count);
  CHECK_EQ("0000:01:00.0 an", read_fake().gpus[0]);
  CHECK_EQ(1u, read_fake().truncated);
}

TEST("a GPU that runtime power management has suspended, by the kernel's word") {
  folders["/proc/driver/nvidia/gpus"] = {"0000:01:00.0", "0000:41:00.0", "0000:81:00.0"};
  files["/sys/bus/pci/devices/0000:01:00.0/power/runtime_status"] = "active\n";
  files["/sys/bus/pci/devices/0000:41:00.0/power/runtime_status"] = "suspended\n";
  const NodesFacts& facts = read_fake();
  CHECK_EQ(0, facts.gpu_sleeps[0]);
  CHECK_EQ(1, facts.gpu_sleeps[1]);
  CHECK_EQ(0, facts.gpu_sleeps[2]);  // no such file: a kernel without it
  CHECK_EQ(0, facts.gpu_sleeps[3]);
}

TEST("WSL has one node and no module") {
  paths["/dev/dxg"] = {0, 0, 127};
  const NodesFacts& facts = read_fake();
  CHECK_EQ(1u, facts.wsl);
  CHECK_EQ(0u, facts.module_loaded);
  CHECK_EQ("/dev/dxg ", node_paths(facts));
}

// A folder of real files, removed at the end of the test.
class Folder {
 public:
  Folder() {
    CHECK(mkdtemp(path_) != nullptr);
    CHECK_EQ(0, chmod(path_, 0755));
  }
  std::string at(const char* name) const { return std::string(path_) + "/" + name; }
  void remove(const std::vector<std::string>& names) const {
    for (const std::string& name : names) unlink(at(name.c_str()).c_str());
    rmdir(path_);
  }

 private:
  char path_[32] = "/tmp/gpuprobe-nodes-XXXXXX";
};

void write_file(const std::string& path, mode_t mode, const char* text) {
  const int file = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
  CHECK(file >= 0 && write(file, text, strlen(text)) == static_cast<ssize_t>(strlen(text)));
  CHECK_EQ(0, fchmod(file, mode));
  close(file);
}

// access() as root succeeds whatever the mode. Returns false if this process cannot drop root.
bool become_unprivileged() {
  constexpr uid_t kNobody = 65534;
  return geteuid() != 0 || setresuid(kNobody, kNobody, kNobody) == 0;
}

TEST("the kernel's own answers") {
  const Folder folder;
  write_file(folder.at("file"), 0666, "0123456789");
  write_file(folder.at("closed"), 0000, "");
  const NodeSystem& kernel = kernel_nodes();
  NodeStat status = {1, 1, true};
  CHECK_EQ(0, kernel.stat(folder.at("file").c_str(), &status));
  CHECK_EQ(false, status.character_device);
  CHECK_EQ(-ENOENT, kernel.stat(folder.at("missing").c_str(), &status));
  CHECK_EQ(0, kernel.stat("/dev/null", &status));
  CHECK(status.character_device && status.major == 1 && status.minor == 3);
  CHECK_EQ(-ENOENT, kernel.access(folder.at("missing").c_str()));
  CHECK_EQ(0, kernel.access(folder.at("file").c_str()));

  char text[8];
  CHECK_EQ(7, kernel.read_file(folder.at("file").c_str(), text, sizeof text));
  CHECK_EQ("0123456", text);
  CHECK_EQ(-ENOENT, kernel.read_file(folder.at("missing").c_str(), text, sizeof text));
  CHECK_EQ(-EISDIR, kernel.read_file("/tmp", text, sizeof text));
  char devices[8192];
  CHECK(kernel.read_file("/proc/devices", devices, sizeof devices) > 0);
  CHECK_EQ(0, strncmp(devices, "Character devices:\n", 19));

  std::vector<std::string> names;
  const auto collect = [](void* context, const char* name) {
    if (name[0] != '.') static_cast<std::vector<std::string>*>(context)->push_back(name);
  };
  CHECK_EQ(0, kernel.list(folder.at("").c_str(), collect, &names));
  CHECK_EQ(2u, names.size());
  CHECK_EQ(-ENOENT, kernel.list(folder.at("missing").c_str(), collect, &names));

  gpuprobe::check::in_child([&] {
    if (become_unprivileged()) CHECK_EQ(-EACCES, kernel.access(folder.at("closed").c_str()));
  });
  folder.remove({"file", "closed"});
}

}  // namespace
