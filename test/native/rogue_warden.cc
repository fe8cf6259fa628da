// A program in the warden's place that sends what no warden sends. GPUPROBE_SIM_ROGUE names it:
// WHAT, with `+answer` appended if a correct answer must follow. It sends this for each request and
// does nothing else.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/frame.h"

namespace {

using namespace gpuprobe;
using probes::CheckRecord;
using wire::DoneRecord;
using wire::FrameHeader;
using wire::FrameType;

constexpr int kService = 3;
constexpr std::uint32_t kNoRequest = 4000000000;
unsigned char message[sizeof(FrameHeader) + 2 * wire::kMaxPayload];

FrameHeader header_of(FrameType type, std::uint32_t request, std::size_t size) {
  return {wire::kFrameMagic, wire::kWireVersion, type, static_cast<std::uint32_t>(size), request};
}

void send_raw(const void* bytes, std::size_t size) {
  const ssize_t sent = send(kService, bytes, size, MSG_NOSIGNAL);
  static_cast<void>(sent);
}

// Sends a header, and a payload of zeros that may differ in length from what the header says.
void send_with(const FrameHeader& header, std::size_t payload) {
  memcpy(message, &header, sizeof header);
  memset(message + sizeof header, 0, payload);
  send_raw(message, sizeof header + payload);
}

void send_noise(std::size_t size) {
  const ssize_t got = getrandom(message, size, 0);
  static_cast<void>(got);
  send_raw(message, size);
}

void send_frame(FrameType type, std::uint32_t request, std::size_t size) {
  send_with(header_of(type, request, size), size);
}

void send_done(std::uint32_t request, const DoneRecord& done) {
  wire::send_frame(kService, FrameType::done, request, &done, sizeof done, -1, 0);
}

void send_page(std::uint32_t source, int descriptor) {
  const wire::PageRecord record = {source, sizeof(wire::PageRecord)};
  wire::send_frame(kService, FrameType::page, 0, &record, sizeof record, descriptor, 0);
  if (descriptor >= 0) close(descriptor);
}

int memory_of(off_t size) {
  const int memory = memfd_create("gpuprobe-rogue", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return ftruncate(memory, size) == 0 ? memory : -1;
}

DoneRecord done_with(std::uint16_t check, std::uint16_t outcome) {
  DoneRecord done{};
  done.has_check = 1;
  done.check.check = static_cast<probes::CheckId>(check);
  done.check.outcome = static_cast<probes::Outcome>(outcome);
  return done;
}

void answer(std::uint32_t request) {
  static driver::NodesFacts facts;
  wire::send_frame(kService, FrameType::nodes, request, &facts, sizeof facts, -1, 0);
  send_done(request, done_with(static_cast<std::uint16_t>(probes::CheckId::nodes), 0));
}

struct Misdeed {
  const char* name;
  void (*commit)(std::uint32_t request);
};

constexpr std::size_t kDone = sizeof(DoneRecord);

const Misdeed kMisdeeds[] = {
    {"silence", [](std::uint32_t) {}},
    {"end", [](std::uint32_t) { _exit(0); }},
    {"crash", [](std::uint32_t) { abort(); }},
    {"hang-up", [](std::uint32_t) { shutdown(kService, SHUT_RDWR); }},
    {"nothing", [](std::uint32_t) { send_raw(message, 0); }},
    {"truncated-header", [](std::uint32_t) { send_raw("GRPB\1", 5); }},
    {"truncated-payload",
     [](std::uint32_t id) { send_with(header_of(FrameType::done, id, kDone), kDone - 1); }},
    {"header-alone", [](std::uint32_t id) { send_with(header_of(FrameType::done, id, kDone), 0); }},
    {"size-too-small",
     [](std::uint32_t id) { send_with(header_of(FrameType::done, id, 4), kDone); }},
    {"size-absurd",
     [](std::uint32_t id) { send_with(header_of(FrameType::done, id, 0xFFFFFFFF), kDone); }},
    {"oversized", [](std::uint32_t id) { send_frame(FrameType::done, id, 2 * wire::kMaxPayload); }},
    {"largest", [](std::uint32_t id) { send_frame(FrameType::done, id, wire::kMaxPayload); }},
    {"wrong-version",
     [](std::uint32_t id) {
       FrameHeader header = header_of(FrameType::done, id, kDone);
       ++header.version;
       send_with(header, kDone);
     }},
    {"wrong-magic",
     [](std::uint32_t id) {
       FrameHeader header = header_of(FrameType::done, id, kDone);
       ++header.magic;
       send_with(header, kDone);
     }},
    {"noise-1", [](std::uint32_t) { send_noise(1); }},
    {"noise-16", [](std::uint32_t) { send_noise(sizeof(FrameHeader)); }},
    {"noise-4096", [](std::uint32_t) { send_noise(4096); }},
    {"noise-largest", [](std::uint32_t) { send_noise(sizeof message); }},
    {"unknown-type", [](std::uint32_t id) { send_frame(static_cast<FrameType>(999), id, 0); }},
    {"a-request", [](std::uint32_t id) { send_frame(FrameType::probe, id, 64); }},
    {"a-source", [](std::uint32_t id) { send_frame(FrameType::source, id, 16); }},
    {"lost-empty", [](std::uint32_t id) { send_frame(FrameType::lost, id, 0); }},
    {"lost", [](std::uint32_t id) { send_frame(FrameType::lost, id, sizeof(wire::LostRecord)); }},
    {"done-empty", [](std::uint32_t id) { send_frame(FrameType::done, id, 0); }},
    {"done-of-no-check", [](std::uint32_t id) { send_done(id, done_with(0, 0)); }},
    {"done-of-unknown-check", [](std::uint32_t id) { send_done(id, done_with(999, 0)); }},
    {"done-of-unknown-outcome", [](std::uint32_t id) { send_done(id, done_with(1, 999)); }},
    {"check-empty", [](std::uint32_t id) { send_frame(FrameType::check, id, 0); }},
    {"check-of-zeros",
     [](std::uint32_t id) { send_frame(FrameType::check, id, sizeof(CheckRecord)); }},
    {"nodes-short", [](std::uint32_t id) { send_frame(FrameType::nodes, id, 8); }},
    {"nodes-without-number",
     [](std::uint32_t id) {
       static driver::NodesFacts facts;
       memset(&facts, 0xFF, sizeof facts);
       wire::send_frame(kService, FrameType::nodes, id, &facts, sizeof facts, -1, 0);
     }},
    {"devices-and-a-half", [](std::uint32_t id) { send_frame(FrameType::devices, id, 89); }},
    {"unasked", [](std::uint32_t) { answer(kNoRequest); }},
    {"unasked-zero", [](std::uint32_t) { answer(0); }},
    {"late", [](std::uint32_t id) { send_frame(FrameType::late, id, sizeof(CheckRecord)); }},
    {"repeated",
     [](std::uint32_t id) {
       answer(id);
       answer(id);
     }},
    {"page-without-descriptor", [](std::uint32_t) { send_page(0, -1); }},
    {"page-of-null", [](std::uint32_t) { send_page(0, open("/dev/null", O_RDWR | O_CLOEXEC)); }},
    {"page-of-a-socket", [](std::uint32_t) { send_page(0, dup(kService)); }},
    {"page-too-small", [](std::uint32_t) { send_page(0, memory_of(64)); }},
    {"page-not-sealed",
     [](std::uint32_t) { send_page(0, memory_of(sizeof(probes::Snapshot) * 2)); }},
    {"page-of-no-source",
     [](std::uint32_t) { send_page(999, memory_of(sizeof(probes::Snapshot))); }},
    {"descriptor-with-an-answer",
     [](std::uint32_t id) {
       const DoneRecord done = done_with(1, 0);
       wire::send_frame(kService, FrameType::done, id, &done, sizeof done, kService, 0);
     }},
};

void serve(const Misdeed& misdeed, bool and_answer) {
  static wire::Frame frame;
  for (;;) {
    int passed = -1;
    const wire::Received received = wire::receive_frame(kService, &frame, &passed, 0);
    if (passed >= 0) close(passed);
    if (received == wire::Received::closed) _exit(0);
    if (received != wire::Received::frame || frame.header.type != FrameType::probe) continue;
    misdeed.commit(frame.header.request);
    if (and_answer) answer(frame.header.request);
  }
}

}  // namespace

int main(int argc, char** argv) {
  // Lists the names, for a caller that tries them all.
  if (argc == 2 && strcmp(argv[1], "--list") == 0) {
    for (const Misdeed& misdeed : kMisdeeds) {
      dprintf(STDOUT_FILENO, "%s\n", misdeed.name);
    }
    return 0;
  }
  const char* wanted = getenv("GPUPROBE_SIM_ROGUE");
  if (wanted == nullptr) return 64;
  constexpr char kAnswer[] = "+answer";
  const std::size_t length = strcspn(wanted, "+");
  const bool and_answer = strcmp(wanted + length, kAnswer) == 0;
  for (const Misdeed& misdeed : kMisdeeds) {
    const bool meant = strlen(misdeed.name) == length && strncmp(misdeed.name, wanted, length) == 0;
    if (meant) serve(misdeed, and_answer);
  }
  return 64;
}
