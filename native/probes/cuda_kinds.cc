// Request kinds that enter CUDA: cuInit, the list of devices, a context.
#include "probes/registry.h"

namespace gpuprobe::probes {
namespace {

bool open_cuda(const Run& run) {
  const bool repeat = (run.request.flags & kWithHistory) != 0;
  return run.session.cuda.open(run.source, run.sink, run.via, repeat, run.request.device);
}

void ask_for_context(const Run& run) {
  if (!open_cuda(run)) return;
  run.session.leaked_context |= !probe_context(run.session.cuda, run.request, run.sink, run.via);
}

}  // namespace

void run_warm_init(const Run& run) { open_cuda(run); }

void run_fresh_cuda(const Run& run) {
  if (!open_cuda(run)) return;
  const Sink& sink = run.sink;
  // The list is not a check of its own. If one of its calls hangs, the report shows it as cuInit's.
  sink.where->begin(CheckId::cuda_init, run.via, "");
  CudaDeviceRecord records[kMaxDevices];
  ListFailure failure{};
  const std::size_t count = run.session.cuda.list(sink.where, records, kMaxDevices, &failure);
  sink.where->end();
  sink.send(FrameType::devices, records, count);
}

void run_fresh_context(const Run& run) { ask_for_context(run); }
void run_warm_context(const Run& run) { ask_for_context(run); }

}  // namespace gpuprobe::probes
