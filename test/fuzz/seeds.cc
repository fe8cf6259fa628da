// Writes the seeds of the targets whose input is records: what a healthy service, warden and child
// send to each other.
//   fuzz_seeds FOLDER
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "input.h"
#include "wire/frame.h"
#include "wire/page.h"

namespace {

using namespace gpuprobe;

std::string folder;

template <typename T>
std::string bytes_of(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string block(const std::string& bytes) {
  return bytes_of(static_cast<std::uint16_t>(bytes.size())) + bytes;
}

void write_seed(const char* target, const char* name, const std::string& bytes) {
  const std::string path = folder + "/" + target;
  mkdir(path.c_str(), 0777);
  const int file = open((path + "/" + name).c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0666);
  MUST(file >= 0 && write(file, bytes.data(), bytes.size()) >= 0);
  close(file);
}

// Builds a message in the format of take_message().
std::string message(wire::FrameType type, unsigned char request, const std::string& payload,
                    const std::string* page = nullptr) {
  const char flags = page != nullptr ? 2 | 4 : 0;
  return std::string{flags, static_cast<char>(type), static_cast<char>(request)} +
         (page != nullptr ? block(*page) : "") + block(payload);
}

// The first bytes of a page with one device.
std::string page_bytes() {
  int fd = -1;
  wire::Page* page = wire::create_page(&fd);
  static probes::Snapshot snapshot;
  MUST(page != nullptr);
  snapshot.header.version = probes::kSnapshotVersion;
  snapshot.header.device_count = 1;
  wire::publish(page, snapshot);
  constexpr std::size_t kUsed = offsetof(wire::Page, snapshot) + sizeof(probes::SnapshotHeader) +
                                sizeof(probes::DeviceRecord);
  std::string bytes(reinterpret_cast<const char*>(page), kUsed);
  wire::unmap_page(page);
  close(fd);
  return bytes;
}

std::string source() {
  const std::string text = std::string("/usr/lib\0", 9) + std::string("PATH=/bin\0A=1\0", 14);
  return bytes_of(wire::SourceHeader{0, 0, 9, 14}) + text;
}

std::string probe(probes::ProbeKind kind) {
  probes::ProbeRequest request = {};
  request.kind = kind;
  request.soft_ms = 5;
  request.hard_ms = 60;
  return bytes_of(request);
}

std::string check(probes::Outcome outcome) {
  probes::CheckRecord record = {};
  record.check = probes::CheckId::nvml_init;
  record.outcome = outcome;
  return bytes_of(record);
}

std::string event(probes::EventKind kind) {
  probes::EventRecord record = {};
  record.kind = kind;
  record.code = 79;
  return bytes_of(record);
}

std::string done() {
  const wire::DoneRecord record = {1, 1, 0, {}};
  return bytes_of(record);
}

void write_warden_seeds() {
  using probes::ProbeKind;
  using wire::FrameType;
  const std::string begin = std::string(1, '\0') + message(FrameType::source, 0, source());
  const auto ask = [](ProbeKind kind, unsigned char id) {
    return std::string(1, '\0') + message(FrameType::probe, id, probe(kind));
  };
  const auto reply = [](unsigned char child, FrameType type, const std::string& payload) {
    return std::string{1, static_cast<char>(child)} + message(type, 0, payload);
  };
  const std::string late = std::string{2} + bytes_of(std::uint32_t{10'000});
  const std::string too_late = std::string{2} + bytes_of(std::uint32_t{100'000});
  const std::string exit = std::string{4, 0} + bytes_of(std::uint16_t{11});
  write_seed("warden_fuzz", "answer",
             begin + ask(ProbeKind::telemetry, 1) +
                 reply(0, FrameType::check, check(probes::Outcome::ok)) +
                 reply(0, FrameType::done, done()) + ask(ProbeKind::telemetry, 2) + exit);
  write_seed("warden_fuzz", "late",
             begin + ask(ProbeKind::fresh_cuda, 1) + late +
                 reply(0, FrameType::check, check(probes::Outcome::failed)) +
                 reply(0, FrameType::done, done()));
  write_seed("warden_fuzz", "stuck",
             begin + ask(ProbeKind::fresh_nvml, 1) + late + ask(ProbeKind::fresh_nvml, 2) + late +
                 ask(ProbeKind::fresh_nvml, 3) + too_late + exit);
  write_seed("warden_fuzz", "events",
             begin + ask(ProbeKind::events, 1) +
                 reply(0, FrameType::event, event(probes::EventKind::listening)) +
                 reply(0, FrameType::event, event(probes::EventKind::xid)) + too_late +
                 std::string(1, '\0') + message(FrameType::cancel, 1, "") + exit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  folder = argv[1];
  const std::string page = page_bytes();
  using wire::FrameType;
  const std::string told = bytes_of(wire::PageRecord{0, sizeof(wire::Page)});
  write_seed("page_fuzz", "one-device", std::string(1, '\0') + bytes_of(~0u) + page);
  write_seed("page_fuzz", "cut-off", std::string(1, '\1') + bytes_of(~0u) + page);
  write_seed("service_fuzz", "page", message(FrameType::page, 0, told, &page));
  write_seed("service_fuzz", "answer",
             message(FrameType::check, 0, check(probes::Outcome::ok)) +
                 message(FrameType::done, 0, done()) + message(FrameType::done, 1, done()));
  write_seed("service_fuzz", "event",
             message(FrameType::event, 0, event(probes::EventKind::xid)) +
                 message(FrameType::done, 0, done()));
  write_seed("service_fuzz", "late",
             message(FrameType::done, 0, done()) +
                 message(FrameType::late, 0, check(probes::Outcome::ok)));
  write_warden_seeds();
  return 0;
}
