// Opens a driver library by soname, first in the given directories, then on the dynamic linker's
// search path. A missing library or symbol is a status, never a crash.
#pragma once

#include <cstddef>
#include <cstdint>

#include "driver/simulator.h"

namespace gpuprobe::driver {

// Where to search. Sent with each request: a running process's LD_LIBRARY_PATH is fixed at exec, so
// directories set later must be tried by path.
struct LibrarySearch {
  const char* directories;  // colon-separated, may be ""
  bool only_directories;    // simulator: never fall back to the real driver
};

enum class LoadStatus { loaded, library_missing, symbol_missing };

struct Library {
  void* handle;
  const Simulator* simulator;  // null: NVIDIA's library
  char path[256];              // the file that was opened
  char error[256];             // why it could not be opened, in the dynamic linker's words
};

enum class Need { required, optional };

// One row of a *_symbols.def, with its offset in the pointer table.
struct SymbolSlot {
  const char* name;
  Need need;
  unsigned since;  // the first driver branch that exports it
  std::size_t offset;
};

// All rows of one .def file.
struct SymbolList {
  const SymbolSlot* slots;
  std::size_t count;
};

// Opens `soname` and fills `table`. A missing optional symbol becomes a null pointer. On
// symbol_missing, library->error names the first missing required symbol.
LoadStatus load_library(const char* soname, const LibrarySearch& search, const SymbolSlot* slots,
                        std::size_t count, Library* library, void* table);

}  // namespace gpuprobe::driver
