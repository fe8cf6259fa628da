// Device nodes compared with the major numbers that the kernel assigned to their drivers.
#include <errno.h>
#include <string.h>

#include <string>

#include "check.h"
#include "fake_nodes.h"

namespace {

using namespace gpuprobe::test;
using gpuprobe::driver::NodeFact;

// The file as the kernel writes it: the given lines in the section, and another section after it.
void list_majors(const std::string& lines) {
  files["/proc/devices"] =
      "Character devices:\n  1 mem\n" + lines + "\nBlock devices:\n  8 sd\n511 nvidia-uvm\n";
}

// Returns the errno of a node, and the numbers that it should have.
std::string judged(const char* path) {
  const NodesFacts& facts = read_fake();
  for (unsigned i = 0; i < facts.node_count; ++i) {
    const NodeFact& node = facts.nodes[i];
    if (strcmp(node.path, path) != 0) continue;
    const std::string is =
        node.access_errno == ENODEV ? "wrong" : std::to_string(node.access_errno);
    if (node.expected_known == 0) return is;
    return is + " " + std::to_string(node.expected_major) + ":" +
           std::to_string(node.expected_minor);
  }
  return "not there";
}

TEST("a node that was made for another major number is wrong, and both numbers are told") {
  add_node("nvidia-uvm", {0, 0, 0, 510});
  list_majors("195 nvidia-frontend\n509 nvidia-uvm\n");
  CHECK_EQ("wrong 509:0", judged("/dev/nvidia-uvm"));
  CHECK_EQ(510u, read_fake().nodes[0].major);
  paths["/dev/nvidia-uvm"].access_errno = EPERM;  // a device cgroup does not hide the wrong numbers
  CHECK_EQ("wrong 509:0", judged("/dev/nvidia-uvm"));
  paths["/dev/nvidia-uvm"] = {0, 0, 0, 509};
  CHECK_EQ("0 509:0", judged("/dev/nvidia-uvm"));
  paths["/dev/nvidia-uvm"] = {0, 0, 1, 509};  // nvidia-uvm-tools
  CHECK_EQ("wrong 509:0", judged("/dev/nvidia-uvm"));
}

TEST("the control node and the GPUs go by the name that their driver has registered") {
  add_node("nvidiactl", {0, 0, 255, 241});
  add_node("nvidia0", {0, 0, 0, 241});
  add_node("nvidia12", {0, 0, 12, 195});
  CHECK_EQ("wrong", judged("/dev/nvidia0"));
  for (const char* lines : {"241 nvidia\n241 nvidiactl\n", "241 nvidia-frontend\n", "241 nvidia\n",
                            "241 nvidia-frontend\n240 nvidia\n241 nvidiactl\n"}) {
    list_majors(lines);
    CHECK_EQ("0 241:255", judged("/dev/nvidiactl"));
    CHECK_EQ("0 241:0", judged("/dev/nvidia0"));
    CHECK_EQ("wrong 241:12", judged("/dev/nvidia12"));
  }
}

TEST(
    "a list that is not the kernel's, or has no such line, leaves a node as it was judged before") {
  add_node("nvidia-uvm", {0, 0, 0, 510});
  add_node("nvidia0");
  const std::string good = "Character devices:\n509 nvidia-uvm\n241 nvidia\n";
  const std::string bad[] = {
      "",
      "509 nvidia-uvm\n241 nvidia\n",
      "Character devices:\n  1 mem\n\nBlock devices:\n509 nvidia-uvm\n241 nvidia\n",
      "Character devices:\n509 nvidia-uvms\n241 nvidia-\n",
      "Character devices:\n509 nvidia-uvm\n241 nvidia\n510 nvidia-uvm\n",
      "Character devices:\n509 nvidia-uvm\n241 nvidia\n4294967806 x\n",
      "Character devices:\n509 nvidia-uvm\n241 nvidia\nx\n",
      "Character devices:\n509 nvidia-uvm\n241 nvidia\n12\n",
      "Character devices:\n509 nvidia-uvm\n241 nvidia\n12 \n",
      "Character devices:\n509 nvidia-uvm\n241 nvidia\n-1 x\n",
      good.substr(0, good.size() - 1),
      good + std::string("\0\n", 2),
      good + std::string(9000, '\n'),
      std::string(9000, '5'),
  };
  for (const std::string& text : bad) {
    files["/proc/devices"] = text;
    CHECK_EQ("0", judged("/dev/nvidia-uvm"));
    CHECK_EQ("0", judged("/dev/nvidia0"));
  }
  files["/proc/devices"] = good;
  CHECK_EQ("wrong 509:0", judged("/dev/nvidia-uvm"));
  CHECK_EQ("wrong 241:0", judged("/dev/nvidia0"));
}

}  // namespace
