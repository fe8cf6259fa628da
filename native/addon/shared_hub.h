// The hub that all copies of the addon in this process use: that of the copy loaded first. Two
// copies of the package (npm installs one per required version) would otherwise have a warden each,
// and let twice as many processes get stuck in a hung library.
//
// Copies are built separately, so only plain functions and plain records pass between them, no
// types of the C++ library. A copy with another wire version runs its own hub.
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
  // Nothing more is delivered.
  void (*release)(void* self);
};

struct SourceView {
  const char* directories;
  const char* const* environment;  // ends with nullptr
  const char* world_key;
  int world_fd;
};

// Any change here, or to anything this points to, changes `wire::kWireVersion`.
struct SharedHub {
  std::uint32_t wire_version;
  std::uint32_t size;  // of this struct
  // Same as the functions of Hub with these names.
  int (*add_source)(const SourceView* source);
  bool (*read)(SnapshotCursor* cursor);
  int (*warden_pid)();
  std::uint32_t (*submit)(bool in_thread, const probes::ProbeRequest* request, void* port);
  void (*cancel)(std::uint32_t id);
  void (*end_warden)(std::uint32_t limit_ms);
  void* (*open_port)(const PortView* port);  // for `submit`
  void (*close_port)(void* port);
};

// Returns the same hub to every caller, for ever: copies stay loaded.
const SharedHub& shared_hub();

// Ignored if the hub belongs to another copy: that hub starts the warden of its own copy.
void set_warden_path(const std::string& path);

}  // namespace gpuprobe::addon
