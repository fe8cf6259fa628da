// A machine's device nodes and its files in /proc and /sys, as a test defines them.
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <map>
#include <string>
#include <vector>

#include "driver/nodes.h"

namespace gpuprobe::test {

using driver::NodesFacts;
using driver::NodeStat;
using driver::NodeSystem;

// The machine that the fake system describes; each test is a process and so has its own machine.
struct Entry {
  int stat_errno = 0;
  int access_errno = 0;
  int minor = -1;  // -1: the minor of its name
  unsigned major = 195;
  bool character_device = true;
};
inline std::map<std::string, Entry> paths;
inline std::map<std::string, std::string> files;
inline std::map<std::string, std::vector<std::string>> folders;

inline int fake_stat(const char* path, NodeStat* out) {
  const auto found = paths.find(path);
  if (found == paths.end()) return -ENOENT;
  if (found->second.stat_errno != 0) return -found->second.stat_errno;
  const Entry& entry = found->second;
  const std::string name = found->first.substr(strcspn(path, "0123456789"));
  const int named = name.empty() ? 255 : atoi(name.c_str());
  *out = {entry.major, static_cast<unsigned>(entry.minor < 0 ? named : entry.minor),
          entry.character_device};
  return 0;
}

inline int fake_access(const char* path) {
  const auto found = paths.find(path);
  return found == paths.end() ? -ENOENT : -found->second.access_errno;
}

inline int fake_read_file(const char* path, char* buffer, std::size_t size) {
  const auto found = files.find(path);
  if (found == files.end()) return -ENOENT;
  const std::size_t length = found->second.copy(buffer, size - 1);
  buffer[length] = '\0';
  return static_cast<int>(length);
}

inline int fake_list(const char* directory, void (*entry)(void*, const char*), void* context) {
  const auto found = folders.find(directory);
  if (found == folders.end()) return -ENOENT;
  for (const std::string& name : found->second) entry(context, name.c_str());
  return 0;
}

inline const NodesFacts& read_fake() {
  constexpr NodeSystem kFake = {fake_stat, fake_access, fake_read_file, fake_list};
  static NodesFacts facts;
  memset(&facts, 0xAA, sizeof facts);
  driver::read_nodes(kFake, &facts);
  return facts;
}

// Adds a node to /dev, in the order in which the directory lists it.
inline void add_node(const std::string& name, const Entry& entry = {}) {
  folders["/dev"].push_back(name);
  paths["/dev/" + name] = entry;
}

}  // namespace gpuprobe::test
