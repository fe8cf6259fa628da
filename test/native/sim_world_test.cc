// The machine as a whole: refused worlds, no driver, and the nodes.
#include "sim_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "check.h"
#include "sim_machine.h"

namespace {

using namespace gpuprobe::test;
using gpuprobe::driver::kWorldVariable;

TEST("malformed worlds are refused") {
  const Nvml nvml(-1);
  const char* const texts[] = {
      "",
      "format=2\n",
      "format=1\ndriver=null\n",
      "format=2\ndriver=null",
      "format=2\ndriver=nul\n",
      "format=2\ndriver=null\nsurprise=1\n",
      "format=2\ndriver=null\nno equals sign\n",
      "format=2\ndriver=null\ndriver.version=\x01\n",
      "state=1\nformat=2\ndriver=null\n",
      // Lists: longer, shorter or elsewhere than announced.
      "format=2\ndriver=null\ndevices=1\ndevices.1.minor=0\n",
      "format=2\ndriver=null\ndevices=1\ndevices.0.minor=0\n",
      "format=2\ndriver=null\ndevices.0.minor=0\n",
      "format=2\ndriver=null\ndevices=65\n",
      "format=2\ndriver=null\ndevices=0\ndevices=0\n",
      "format=2\ndriver=null\nfaults=1\n",
      "format=2\ndriver=null\nfaults=257\n",
      "format=2\ndriver=null\nfaults=1\nfaults=0\n",
      "format=2\ndriver=null\nfaults=1\nfaults.1.delayMs=1\n",
      "format=2\ndriver=null\nfaults=1\nfaults.0.delayMs=1\nfaults.1.delayMs=1\n",
      "format=2\ndriver=null\nfaults=1\nfaults.99999999999999999999.delayMs=1\n",
      "format=2\ndriver=null\nfaults=1\nfaults.0.function=nvmlNoSuchThing\n",
      "format=2\ndriver=null\nfaults=1\nfaults.0.delayMs=99999999999\n",
      "format=2\ndriver=null\nfaults=1\nfaults.0.effect=explode\n",
      "format=2\ndriver=null\nfaults=1\nfaults.0.fromCall=0\n",
      "format=2\ndriver=null\nfaults=1\nfaults.0.probabilityPpm=1000001\n",
      // States: out of order, or with values that must not change.
      "format=2\ndriver=null\nstate=0\n",
      "format=2\ndriver=null\nstate=5\nstate=5\n",
      "format=2\ndriver=null\nstate=x\n",
      "format=2\ndriver=null\nstate=1\ndevices=0\n",
      "format=2\ndriver=null\nfaults=1\nstate=1\nfaults.0.delayMs=1\n",
      "format=2\ndriver=null\nfaults=1\nfaults.0.delayMs=1\nstate=1\nfaults.0.delayMs=2\n",
  };
  for (const char* text : texts) {
    CHECK_EQ(EINVAL, nvml.simulator->attach(make_world(text)));
  }
  CHECK_EQ(EINVAL, nvml.simulator->attach(healthy_world("devices.1.memory.usedBytes=1001\n")));
  CHECK_EQ(EINVAL, nvml.simulator->attach(healthy_world("devices.1.uuid=GPU-5a\n")));
  CHECK_EQ(EINVAL, nvml.simulator->attach(healthy_world("state=1\ndevices.1.uuid=x\n")));
  // Indices beyond a list shorter than ten: a single digit is already too much.
  CHECK_EQ(EINVAL, nvml.simulator->attach(healthy_world("devices.2.minor=7\n")));
  CHECK_EQ(EINVAL, nvml.simulator->attach(healthy_world("devices.9.minor=7\n")));
  CHECK_EQ(EINVAL, nvml.simulator->attach(memfd_create("empty", 0)));
  CHECK_EQ(EBADF, nvml.simulator->attach(-1));
  const int world = healthy_world();
  CHECK_EQ(0, nvml.simulator->attach(world));
  CHECK_EQ(0, nvml.simulator->attach(dup(world)));
  CHECK_EQ(EBUSY, nvml.simulator->attach(healthy_world()));
}

TEST("no world is no driver") {
  const Nvml nvml(-1);
  const Cuda cuda(-1);
  NodeStat status;
  char text[80];
  int version = 0;
  CHECK_EQ(9, nvml.nvmlInit_v2());
  CHECK_EQ(9, nvml.nvmlInitWithFlags(1));
  CHECK_EQ(1, nvml.nvmlSystemGetDriverVersion(text, sizeof text));
  CHECK_EQ(0, nvml.nvmlSystemGetNVMLVersion(text, sizeof text));
  CHECK_EQ(0, nvml.nvmlShutdown());
  CHECK_EQ(100, cuda.cuInit(0));
  CHECK_EQ(0, cuda.cuDriverGetVersion(&version));
  CHECK_EQ(-ENOENT, nvml.simulator->nodes->stat("/dev/nvidiactl", &status));
}

TEST("the environment names the world") {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", healthy_world());
  setenv(kWorldVariable, path, 1);
  const Nvml nvml(-1);
  const Cuda cuda(-1);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, cuda.cuInit(0));
}

TEST("a machine without a driver") {
  const char text[] = "format=2\ndriver=null\n";
  const int world = make_world(text);
  const Nvml nvml(world);
  const Cuda cuda(world);
  NodeStat status;
  CHECK_EQ(9, nvml.nvmlInitWithFlags(1));
  CHECK_EQ(100, cuda.cuInit(0));
  CHECK_EQ(-ENOENT, nvml.simulator->nodes->stat("/dev/nvidiactl", &status));
  CHECK_EQ(-ENOENT, nvml.simulator->nodes->access("/dev/nvidia0"));
}

TEST("nodes are listed") {
  const Nvml nvml(healthy_world());
  std::string names;
  const auto append = [](void* all, const char* name) {
    *static_cast<std::string*>(all) += std::string(name) + " ";
  };
  CHECK_EQ(0, nvml.simulator->nodes->list("/dev", append, &names));
  CHECK_EQ(0, nvml.simulator->nodes->list("/proc/driver/nvidia/gpus", append, &names));
  CHECK(names.find("nvidiactl ") != std::string::npos &&
        names.find("nvidia3 ") != std::string::npos);
  CHECK(names.find("0000:01:00.0 0001:41:00.0 ") != std::string::npos);
  char text[512];
  CHECK(nvml.simulator->nodes->read_file("/proc/driver/nvidia/version", text, sizeof text) > 0);
  CHECK(strstr(text, "Kernel Module  535.261.03  ") != nullptr);
  CHECK_EQ(-ENOENT, nvml.simulator->nodes->access("/dev/nvidia1"));
  CHECK_EQ(3, nvml.simulator->nodes->read_file("/proc/driver/nvidia/version", text, 4));
}

}  // namespace
