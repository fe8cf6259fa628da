// The CUDA driver API as one process uses it: cuInit once. After a successful cuInit the process's
// list of devices is frozen. A failed cuInit is not sticky and is retried.
#pragma once

#include "driver/cuda.h"
#include "probes/request.h"

namespace gpuprobe::probes {

// The first call whose failure left a GPU unidentified. A GPU that is not found because of such a
// failure is not a missing GPU.
struct ListFailure {
  driver::CudaResult code;
  driver::FunctionId function;
};

class CudaSession {
 public:
  // Loads and initialises CUDA unless already done. Reports cuda.load and cuda.init as they happen,
  // or again if `repeat` is set. `device` is the only GPU that this process uses, "" for all.
  // Returns false if CUDA cannot be loaded or initialised.
  bool open(const Source& source, const Sink& sink, Via via, bool repeat, const char* device);

  // Lists the GPUs that this process sees: writes at most `capacity` records and returns their
  // number.
  std::size_t list(CurrentCall* where, CudaDeviceRecord* records, std::size_t capacity,
                   ListFailure* failure) const;

  // Returns the ordinal of the GPU with this UUID, otherwise of the GPU at this PCI address, or -1
  // if this process sees neither.
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

// cuda.context: creates a context on the GPU, reads its memory, allocates and frees a little, and
// destroys the context. Launches no kernel and does not use the primary context, which belongs to
// the application. Returns false if the context could not be destroyed and lives as long as this
// process.
bool probe_context(const CudaSession& session, const ProbeRequest& request, const Sink& sink,
                   Via via);

}  // namespace gpuprobe::probes
