// PCI addresses as text. NVML writes the domain with 8 digits and upper case ("00000000:0A:00.0"),
// the kernel and CUDA with 4 digits and lower case ("0000:0a:00.0").
#pragma once

#include <strings.h>

namespace gpuprobe::driver {

// Returns false if either is "".
inline bool same_pci_address(const char* a, const char* b) {
  if (*a == '\0' || *b == '\0') return false;
  while (*a == '0') ++a;
  while (*b == '0') ++b;
  return strcasecmp(a, b) == 0;
}

}  // namespace gpuprobe::driver
