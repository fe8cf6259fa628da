#include "probes/session.h"

#include "probes/library_info.h"
#include "probes/loading.h"

namespace gpuprobe::probes {

Via via_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::telemetry:
    case ProbeKind::events:
      return Via::telemetry;
    case ProbeKind::fresh_nvml:
    case ProbeKind::fresh_cuda:
    case ProbeKind::fresh_context:
    case ProbeKind::libraries:
      return Via::fresh;
    case ProbeKind::warm_init:
    case ProbeKind::warm_context:
      return Via::warm;
    case ProbeKind::none:
    case ProbeKind::nodes:
      break;
  }
  return Via::layer0;
}

LibraryId library_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::telemetry:
    case ProbeKind::events:
    case ProbeKind::fresh_nvml:
      return LibraryId::nvml;
    case ProbeKind::fresh_cuda:
    case ProbeKind::fresh_context:
    case ProbeKind::warm_init:
    case ProbeKind::warm_context:
      return LibraryId::cuda;
    case ProbeKind::libraries:  // opens both, and enters neither
    case ProbeKind::none:
    case ProbeKind::nodes:
      break;
  }
  return LibraryId::none;
}

bool ends_request(const ProbeRequest& request, const CheckRecord& record) {
  switch (request.kind) {
    case ProbeKind::telemetry:  // one record for each device that failed, then the machine's
      return record.check == CheckId::nvml_telemetry && record.device[0] == '\0';
    case ProbeKind::fresh_context:
    case ProbeKind::warm_context:
      return record.check == CheckId::cuda_context;
    default:
      return false;
  }
}

// The kernel answers for a real machine, the simulator for a simulated one. The facts alone decide
// what they mean, so this check reports them and no record.
void Session::run_nodes(const Source& source, const Sink& sink, Via via) {
  static driver::NodesFacts facts;
  Question question(sink, CheckId::nodes, via);
  const driver::NodeSystem* system = &driver::kernel_nodes();
  bool simulated = false;
  if (source.world_fd >= 0) {
    static driver::Nvml simulator;
    driver::load_nvml(search_of(source), &simulator);
    const driver::Simulator* machine = simulator.library.simulator;
    if (machine == nullptr || machine->attach(source.world_fd) != 0) {
      question.answer(Outcome::not_probed, Api::probe, kSIMULATOR_FAILED, true,
                      simulator.library.error);
      return;
    }
    system = machine->nodes;
    simulated = true;
  }
  driver::read_nodes(*system, &facts);
  sink.nodes(sink.self, facts);
  question.answer(Outcome::ok, Api::none, 0, simulated, "");
}

void Session::run_cuda(const ProbeRequest& request, const Source& source, const Sink& sink,
                       Via via) {
  const bool context =
      request.kind == ProbeKind::fresh_context || request.kind == ProbeKind::warm_context;
  const bool repeat = (request.flags & kWithHistory) != 0;
  if (!cuda_.open(source, sink, via, repeat, request.device)) return;
  if (context) {
    leaked_context_ |= !probe_context(cuda_, request, sink, via);
    return;
  }
  if (request.kind != ProbeKind::fresh_cuda) return;
  // The list is no check of its own; a call of it that does not come back is told as cuInit's.
  sink.where->begin(CheckId::cuda_init, via, "");
  CudaDeviceRecord records[kMaxDevices];
  ListFailure failure{};
  const std::size_t count = cuda_.list(sink.where, records, kMaxDevices, &failure);
  sink.where->end();
  sink.devices(sink.self, records, count);
}

void Session::run(const ProbeRequest& request, const Source& source, const Sink& sink, Via via) {
  switch (request.kind) {
    case ProbeKind::nodes:
      run_nodes(source, sink, via);
      return;
    case ProbeKind::telemetry:
      telemetry_.take(source, sink, via, request.flags);
      return;
    case ProbeKind::fresh_nvml:
      run_nodes(source, sink, via);
      probe_nvml(&nvml_, source, sink, via);
      return;
    case ProbeKind::fresh_cuda:
    case ProbeKind::fresh_context:
    case ProbeKind::warm_init:
    case ProbeKind::warm_context:
      run_cuda(request, source, sink, via);
      return;
    case ProbeKind::events:
      events_.listen(source, sink, via);
      return;
    case ProbeKind::libraries:
      read_library_info(source, sink, via);
      return;
    case ProbeKind::none:
      return;
  }
}

CheckId main_check(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::telemetry:
      return CheckId::nvml_telemetry;
    case ProbeKind::fresh_nvml:
    case ProbeKind::events:
      return CheckId::nvml_init;
    case ProbeKind::fresh_cuda:
    case ProbeKind::warm_init:
      return CheckId::cuda_init;
    case ProbeKind::fresh_context:
    case ProbeKind::warm_context:
      return CheckId::cuda_context;
    case ProbeKind::libraries:
      return CheckId::nvml_load;
    case ProbeKind::none:
    case ProbeKind::nodes:
      break;
  }
  return CheckId::nodes;
}

}  // namespace gpuprobe::probes
