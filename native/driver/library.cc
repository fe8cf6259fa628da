#include "driver/library.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "driver/text.h"

namespace gpuprobe::driver {
namespace {

void* open_in(const char* directory, std::size_t length, const char* soname) {
  char path[512];
  const int written =
      snprintf(path, sizeof path, "%.*s/%s", static_cast<int>(length), directory, soname);
  if (written < 0 || static_cast<std::size_t>(written) >= sizeof path) return nullptr;
  return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void* open_in_directories(const char* directories, const char* soname, Library* library) {
  while (*directories != '\0') {
    const std::size_t length = strcspn(directories, ":");
    if (length > 0) {
      void* handle = open_in(directories, length, soname);
      if (handle != nullptr) return handle;
      const char* error = dlerror();
      if (error != nullptr) copy_text(library->error, error);
    }
    directories += length;
    if (*directories == ':') ++directories;
  }
  return nullptr;
}

void open_library(const char* soname, const LibrarySearch& search, Library* library) {
  library->handle = open_in_directories(search.directories, soname, library);
  if (library->handle == nullptr && !search.only_directories) {
    library->handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    const char* error = library->handle == nullptr ? dlerror() : nullptr;
    if (error != nullptr) copy_text(library->error, error);
  }
  if (library->handle == nullptr) return;
  library->error[0] = '\0';
  library->simulator = static_cast<const Simulator*>(dlsym(library->handle, kSimulatorSymbol));
  const link_map* map = nullptr;
  if (dlinfo(library->handle, RTLD_DI_LINKMAP, &map) == 0 && map->l_name != nullptr) {
    copy_text(library->path, map->l_name);
  }
}

}  // namespace

LoadStatus load_library(const char* soname, const LibrarySearch& search, const SymbolSlot* slots,
                        std::size_t count, Library* library, void* table) {
  *library = {};
  open_library(soname, search, library);
  if (library->handle == nullptr) return LoadStatus::library_missing;
  for (std::size_t i = 0; i < count; ++i) {
    void* symbol = dlsym(library->handle, slots[i].name);
    if (symbol == nullptr && slots[i].need == Need::required) {
      copy_text(library->error, slots[i].name);
      return LoadStatus::symbol_missing;
    }
    memcpy(static_cast<char*>(table) + slots[i].offset, &symbol, sizeof symbol);
  }
  return LoadStatus::loaded;
}

}  // namespace gpuprobe::driver
