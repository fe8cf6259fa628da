// The machine as a whole: worlds that are refused, no driver, and the nodes.
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
      "format=1\n",
      "format=2\ndriver=null\n",
      "format=1\ndriver=null",
      "format=1\ndriver=nul\n",
      "format=1\ndriver=null\nsurprise=1\n",
      "format=1\ndriver=null\nno equals sign\n",
      "format=1\ndriver=null\ndevices.1.minor=0\n",
      "format=1\ndriver=null\ndevices.0.minor=0\n",
      "format=1\ndriver=null\nfaults.0.function=nvmlNoSuchThing\n",
      "format=1\ndriver=null\nfaults.0.delayMs=99999999999\n",
      "format=1\ndriver=null\nfaults.64.hang=true\n",
      "format=1\ndriver=null\nfaults.0.hang=true\nfaults.99999999999999999999.hang=true\n",
      "format=1\ndriver=null\ndriver.version=\x01\n",
  };
  for (const char* text : texts) {
    CHECK_EQ(EINVAL, nvml.simulator->attach(make_world(text)));
  }
  CHECK_EQ(EINVAL, nvml.simulator->attach(healthy_world("devices.0.minor=2\n")));
  CHECK_EQ(EINVAL, nvml.simulator->attach(healthy_world("devices.1.memory.usedBytes=1001\n")));
  CHECK_EQ(EINVAL, nvml.simulator->attach(healthy_world("devices.1.uuid=GPU-5a\n")));
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
  char number[16];
  snprintf(number, sizeof number, "%d", healthy_world());
  setenv(kWorldVariable, number, 1);
  const Nvml nvml(-1);
  const Cuda cuda(-1);
  CHECK_EQ(0, nvml.nvmlInit_v2());
  CHECK_EQ(0, cuda.cuInit(0));
}

TEST("a machine without a driver") {
  const char text[] = "format=1\ndriver=null\n";
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
