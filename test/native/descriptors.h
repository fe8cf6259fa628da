// Counts a process's open descriptors, to find one that was not closed.
#pragma once

#include <dirent.h>
#include <sys/types.h>

#include <string>

#include "check.h"

namespace gpuprobe::check {

// `process` is a pid or "self". The count includes the descriptor that reads the folder.
inline unsigned descriptors_of(const std::string& process) {
  DIR* folder = opendir(("/proc/" + process + "/fd").c_str());
  if (folder == nullptr) fail(__FILE__, __LINE__, "no /proc/" + process + "/fd");
  unsigned count = 0;
  while (const dirent* item = readdir(folder)) count += item->d_name[0] != '.';
  closedir(folder);
  return count;
}

}  // namespace gpuprobe::check
