#include "warden/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "driver/text.h"
#include "probes/session.h"
#include "warden/own_process.h"
#include "wire/frame.h"

extern char** environ;

namespace gpuprobe::warden {
namespace {

constexpr int kSocket = 3;
constexpr int kWorld = 4;
constexpr int kPrinted = 5;

// Redirects what a library prints into a memfd, as evidence: "NVIDIA: could not open the device
// file /dev/nvidiactl (Operation not permitted)." A pipe would block a chatty library, or kill it
// with SIGPIPE.
void capture_output() {
  const int memory = memfd_create("gpuprobe-printed", MFD_CLOEXEC);
  if (memory < 0) return;
  fcntl(memory, F_SETFL, O_APPEND);
  dup2(memory, STDOUT_FILENO);
  dup2(memory, STDERR_FILENO);
  dup2(memory, kPrinted);
  if (memory > kPrinted) close(memory);
}

void set_environment(const ChildPlan& plan) {
  environ = const_cast<char**>(plan.source->environment);
  // Makes both libraries print which open() failed, or both versions of a mismatch (since driver
  // 535).
  setenv("__RM_ENABLE_VERBOSE_OUTPUT", "1", 1);
  // Makes cuInit and context creation as cheap as possible: no preloads, no JIT, no cache.
  setenv("CUDA_MODULE_LOADING", "LAZY", 1);
  setenv("CUDA_FORCE_PRELOAD_LIBRARIES", "0", 1);
  setenv("CUDA_DISABLE_JIT", "1", 1);
  setenv("CUDA_CACHE_DISABLE", "1", 1);
}

void settle(const ChildPlan& plan) {
  prctl(PR_SET_NAME, probes::kind_info(plan.first.kind).process);
  // mutation: child-death-signal
  die_with_parent(plan.warden, SIGKILL);
  move_descriptor(plan.socket, kSocket);
  if (plan.source->world_fd >= 0) dup2(plan.source->world_fd, kWorld);
  capture_output();
  close_descriptors_from(kPrinted + 1);
  if (plan.source->world_fd < 0) close(kWorld);
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // mutation: oom-score
  offer_to_oom_killer();
  sigset_t empty;
  sigemptyset(&empty);
  sigprocmask(SIG_SETMASK, &empty, nullptr);
  set_environment(plan);
}

struct Child {
  ChildPlan plan;
  std::uint32_t request;
  probes::ProbeRequest asked;
  wire::DoneRecord done;  // of the request in progress
};

void reply(Child* child, wire::FrameType type, const void* payload, std::size_t size) {
  // A send fails only if the warden is gone. Nobody is left to report to.
  if (wire::send_frame(kSocket, type, child->request, payload, size, -1, 0) != 0) _exit(1);
}

void on_check(void* self, const probes::CheckRecord& record) {
  auto* child = static_cast<Child*>(self);
  if (probes::ends_request(child->asked, record)) {
    child->done.has_check = 1;
    child->done.check = record;
    return;
  }
  reply(child, wire::FrameType::check, &record, sizeof record);
}

void on_relay(void* self, wire::FrameType type, const void* records, std::size_t size) {
  reply(static_cast<Child*>(self), type, records, size);
}

void on_snapshot(void* self, const probes::Snapshot& snapshot) {
  wire::publish(static_cast<Child*>(self)->plan.page, snapshot);
}

void on_event(void* self, const probes::EventRecord& record) {
  reply(static_cast<Child*>(self), wire::FrameType::event, &record, sizeof record);
}

// Returns the first line printed since the last call.
void on_printed(void*, char* out, std::size_t size) {
  const ssize_t got = pread(kPrinted, out, size - 1, 0);
  out[got > 0 ? got : 0] = '\0';
  out[strcspn(out, "\n")] = '\0';
  if (ftruncate(kPrinted, 0) != 0) out[0] = '\0';
}

void serve(Child* child, probes::Session* session, const probes::Sink& sink,
           const probes::ProbeRequest& request) {
  const probes::Source source = {child->plan.source->directories,
                                 child->plan.source->world_fd >= 0 ? kWorld : -1, true};
  child->asked = request;
  child->done = {};
  session->run(request, source, sink, probes::kind_info(request.kind).via);
  if (child->plan.page != nullptr) child->done.generation = child->plan.page->generation.load();
  child->done.leaving = session->leaked_context;
  reply(child, wire::FrameType::done, &child->done, sizeof child->done);
}

}  // namespace

void run_child(const ChildPlan& plan) {
  settle(plan);
  static Child child;
  child.plan = plan;
  child.request = plan.first_id;
  static probes::Session session;
  const probes::Sink sink = {&child,      plan.where, on_check,  on_relay,
                             on_snapshot, on_event,   on_printed};
  serve(&child, &session, sink, plan.first);
  static wire::Frame frame;
  while (plan.persistent && !session.leaked_context) {
    int passed = -1;
    if (wire::receive_frame(kSocket, &frame, &passed, 0) != wire::Received::frame) break;
    if (frame.header.type != wire::FrameType::probe || !wire::holds<probes::ProbeRequest>(frame)) {
      break;
    }
    probes::ProbeRequest request;
    memcpy(&request, frame.payload, sizeof request);
    child.request = frame.header.request;
    serve(&child, &session, sink, request);
  }
  _exit(0);
}

}  // namespace gpuprobe::warden
