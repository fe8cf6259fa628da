#include "probes/snapshot.h"

#include <string.h>

namespace gpuprobe::probes {
namespace {

std::size_t append(char* out, std::size_t at, const void* records, std::size_t bytes) {
  memcpy(out + at, records, bytes);
  return at + bytes;
}

}  // namespace

void pack(const Snapshot& snapshot, void* out) {
  SnapshotHeader header = snapshot.header;
  char* block = static_cast<char*>(out);
  std::size_t at = sizeof header;
  header.devices_offset = static_cast<std::uint32_t>(at);
  at = append(block, at, snapshot.devices, header.device_count * sizeof(DeviceRecord));
  header.sessions_offset = static_cast<std::uint32_t>(at);
  at = append(block, at, snapshot.sessions, header.session_count * sizeof(EncoderSessionRecord));
  header.processes_offset = static_cast<std::uint32_t>(at);
  at = append(block, at, snapshot.processes, header.process_count * sizeof(ProcessRecord));
  header.size = static_cast<std::uint32_t>(at);
  memcpy(block, &header, sizeof header);
}

}  // namespace gpuprobe::probes
