// Opening a driver library: by soname from the directories given, then where the dynamic linker
// looks. A library or symbol that is missing is a status, never a crash.
#pragma once

#include <cstddef>
#include <cstdint>

#include "driver/simulator.h"

namespace gpuprobe::driver {

// Where to look. Travels with each request: a running process's own LD_LIBRARY_PATH is fixed at
// exec, so directories set later must be tried by name.
struct LibrarySearch {
  const char* directories;  // colon-separated, may be ""
  bool only_directories;    // the simulator: never fall through to the real driver
};

enum class LoadStatus { loaded, library_missing, symbol_missing };

struct Library {
  void* handle;
  const Simulator* simulator;  // null: NVIDIA's own
  char path[256];              // the file that was opened
  char error[256];             // why it was not, in the dynamic linker's words
};

enum class Need { required, optional };

// One row of a *_symbols.def: where in the pointer table the entry point goes.
struct SymbolSlot {
  const char* name;
  Need need;
  unsigned since;  // the first driver branch that exports it
  std::size_t offset;
};

// All rows of one .def.
struct SymbolList {
  const SymbolSlot* slots;
  std::size_t count;
};

// Opens `soname` and fills `table`; an optional symbol that is missing leaves a null pointer. On
// symbol_missing, library->error names the first required symbol that is not there.
LoadStatus load_library(const char* soname, const LibrarySearch& search, const SymbolSlot* slots,
                        std::size_t count, Library* library, void* table);

}  // namespace gpuprobe::driver
