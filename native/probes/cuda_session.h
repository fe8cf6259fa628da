// The CUDA driver API as one process keeps it: cuInit once. After a successful cuInit the process's
// list of devices is frozen; a failed one is not sticky and is tried again.
#pragma once

#include "driver/cuda.h"
#include "probes/request.h"

namespace gpuprobe::probes {

// The first call that kept a GPU from being named. A GPU that is not found because of one is not a
// GPU that is not there.
struct ListFailure {
  driver::CudaResult code;
  driver::FunctionId function;
};

class CudaSession {
 public:
  // Loads and initialises unless done, reporting cuda.load and cuda.init as they happen, or again
  // when `repeat` is set. `device`: the only GPU that this process is about, "" for all of them.
  // False: CUDA does not answer.
  bool open(const Source& source, const Sink& sink, Via via, bool repeat, const char* device);

  // The GPUs this process sees: at most `capacity` records; the number written.
  std::size_t list(CurrentCall* where, CudaDeviceRecord* records, std::size_t capacity,
                   ListFailure* failure) const;

  // The ordinal of the GPU with this UUID, else of the one at this PCI address; -1: this process
  // does not see it.
  int find(CurrentCall* where, const char* uuid, const char* pci_bus_id,
           ListFailure* failure) const;

  const driver::Cuda& cuda() const { return cuda_; }
  bool simulated() const { return cuda_.library.simulator != nullptr; }

 private:
  bool load(const Source& source, const Sink& sink, Via via);
  bool initialise(const Sink& sink, Via via);
  void show_only(const char* device) const;
  ListFailure read_identity(CurrentCall* where, int ordinal, CudaDeviceRecord* record) const;

  driver::Cuda cuda_;
  bool loaded_;
  bool initialised_;
  CheckRecord load_record_;
  CheckRecord init_record_;
};

// cuda.context: creates a context on the GPU, reads its memory, allocates and frees a little,
// destroys the context. Launches no kernel and leaves the primary context alone, which belongs to
// the application. False: the context could not be destroyed, and is there as long as this process.
bool probe_context(const CudaSession& session, const ProbeRequest& request, const Sink& sink,
                   Via via);

}  // namespace gpuprobe::probes
