// Layer 0: what the kernel says about the driver and its device nodes.
#include "driver/nodes.h"

#include "driver/nvml.h"
#include "probes/loading.h"
#include "probes/registry.h"

namespace gpuprobe::probes {

// The kernel answers for a real machine, the simulator for a simulated one. The facts alone decide
// what they mean, so this check reports them and no verdict.
void run_nodes(const Run& run) {
  static driver::NodesFacts facts;
  const Source& source = run.source;
  Question question(run.sink, CheckId::nodes, run.via);
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
  run.sink.send(FrameType::nodes, &facts);
  question.answer(Outcome::ok, Api::none, 0, simulated, "");
}

}  // namespace gpuprobe::probes
