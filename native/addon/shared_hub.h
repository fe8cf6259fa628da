// The hub that all copies of the addon in this process use: the one of the copy that was loaded
// first. Two copies of the package (npm installs as many as versions are asked for) would otherwise
// have a warden each, and let twice as many processes into a library that lets none out.
//
// Copies are built apart, so what passes between them is plain functions and plain records, none of
// the C++ library's types. A copy with another wire version runs a hub of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "addon/hub.h"

namespace gpuprobe::addon {

// An environment of one copy, as the hub of another sees it.
struct PortView {
  void* self;
  // From any thread, as Port::deliver.
  void (*deliver)(void* self, std::uint32_t request, std::uint32_t type, const void* payload,
                  std::size_t size);
  // Nothing is delivered any more.
  void (*release)(void* self);
};

struct SourceView {
  const char* directories;
  const char* const* environment;  // ends with nullptr
  const char* world_key;
  int world_fd;
};

// Everything that is in here, and everything that it points to, changes with `wire::kWireVersion`.
struct SharedHub {
  std::uint32_t wire_version;
  std::uint32_t size;  // of this struct
  // As the functions of Hub with these names.
  int (*add_source)(const SourceView* source);
  bool (*read)(SnapshotCursor* cursor);
  int (*warden_pid)();
  std::uint32_t (*submit)(bool in_thread, const probes::ProbeRequest* request, void* port);
  void (*cancel)(std::uint32_t id);
  void (*end_warden)(std::uint32_t limit_ms);
  void* (*open_port)(const PortView* port);  // for `submit`
  void (*close_port)(void* port);
};

// The same for every caller, and for good: copies stay loaded.
const SharedHub& shared_hub();

// The hub of another copy starts the warden that came with that copy: then this is ignored.
void set_warden_path(const std::string& path);

}  // namespace gpuprobe::addon
