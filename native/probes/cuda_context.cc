#include <stdio.h>

#include "driver/text.h"
#include "probes/cuda_session.h"

namespace gpuprobe::probes {
namespace {

using namespace driver;

// Small, but large enough to need its own mapping. A mapping opens the device node again, which is
// where a revoked device becomes visible in a process that opened it earlier (seen on an H100 with
// driver 580).
constexpr std::size_t kAllocationBytes = 2u << 20;

class ContextProbe {
 public:
  ContextProbe(const Cuda& cuda, CurrentCall* where) : cuda_(cuda), where_(where) {}

  CudaResult run(CudaDevice device) {
    CudaContext context = nullptr;
    if (!step<&Cuda::cuCtxCreate_v2>(&context, kCudaContextBlockingSync, device)) return code_;
    use();
    // Always destroyed. A failure to destroy counts only if nothing failed before.
    const CudaResult destroyed = ask<&Cuda::cuCtxDestroy_v2>(cuda_, where_, context);
    destroyed_ = destroyed == kCudaSuccess;
    if (code_ == kCudaSuccess && destroyed != kCudaSuccess) {
      code_ = destroyed;
      failed_ = FunctionId::cuCtxDestroy_v2;
    }
    return code_;
  }

  FunctionId failed() const { return failed_; }
  // False if a context was created and could not be destroyed.
  bool destroyed() const { return destroyed_; }
  std::size_t free_bytes() const { return free_bytes_; }
  std::size_t total_bytes() const { return total_bytes_; }

 private:
  template <auto Member, typename... Arguments>
  bool step(Arguments... arguments) {
    code_ = ask<Member>(cuda_, where_, arguments...);
    if (code_ != kCudaSuccess) failed_ = FunctionOf<Member>::id;
    return code_ == kCudaSuccess;
  }

  void use() {
    if (!step<&Cuda::cuMemGetInfo_v2>(&free_bytes_, &total_bytes_)) return;
    CudaDevicePointer pointer = 0;
    if (!step<&Cuda::cuMemAlloc_v2>(&pointer, kAllocationBytes)) return;
    step<&Cuda::cuMemFree_v2>(pointer);
  }

  const Cuda& cuda_;
  CurrentCall* where_;
  CudaResult code_ = kCudaSuccess;
  FunctionId failed_ = FunctionId::cuCtxCreate_v2;
  bool destroyed_ = true;
  std::size_t free_bytes_ = 0;
  std::size_t total_bytes_ = 0;
};

}  // namespace

bool probe_context(const CudaSession& session, const ProbeRequest& request, const Sink& sink,
                   Via via) {
  Question question(sink, CheckId::cuda_context, via, request.device);
  ListFailure failure{};
  const int ordinal = session.find(sink.where, request.device, request.pci_bus_id, &failure);
  if (ordinal < 0 && failure.code != kCudaSuccess) {
    sink.where->enter(failure.function);
    question.answer(Api::cuda, failure.code, session.simulated());
    return true;
  }
  if (ordinal < 0) {
    question.answer(probes::Outcome::failed, Api::probe, kNO_SUCH_DEVICE, session.simulated(),
                    "CUDA does not list this GPU");
    return true;
  }
  ContextProbe probe(session.cuda(), sink.where);
  const CudaResult code = probe.run(ordinal);
  sink.where->enter(probe.failed());
  if (code != kCudaSuccess) {
    question.answer(Api::cuda, code, session.simulated());
    return probe.destroyed();
  }
  char text[96];
  snprintf(text, sizeof text, "%zu of %zu bytes free", probe.free_bytes(), probe.total_bytes());
  question.answer(probes::Outcome::ok, Api::none, 0, session.simulated(), text);
  return true;
}

}  // namespace gpuprobe::probes
