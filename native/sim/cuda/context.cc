// CUDA contexts and memory of this process.
#include "sim/cuda/open_state.h"
#include "sim/engine/access.h"
#include "sim/engine/contexts.h"
#include "sim/engine/timed.h"

namespace gpuprobe::sim {
namespace {

constexpr std::uint32_t kMaxContexts = 256;
constexpr std::uint32_t kMaxAllocations = 4096;
constexpr std::uint32_t kComputeModeProhibited = 2;
constexpr std::uint32_t kComputeModeExclusiveProcess = 3;
constexpr CudaDevicePointer kFirstPointer = 0x7f0000000000;
constexpr CudaDevicePointer kPointerAlignment = CudaDevicePointer{2} << 20;

// What a CudaContext points to.
struct Context {
  ContextSlot* slot;  // null: no such context
  Context* previous;  // what was current on the thread before it
  std::uint32_t index;
};

struct Allocation {
  CudaDevicePointer pointer;  // 0: free
  std::uint64_t bytes;
  Context* context;
};

// Guards the tables below. Never held during a fault: a call that hangs must not block other
// devices' calls.
pthread_mutex_t tables_mutex = PTHREAD_MUTEX_INITIALIZER;
Context contexts[kMaxContexts];
Allocation allocations[kMaxAllocations];
CudaDevicePointer next_pointer = kFirstPointer;

// Initial-exec: the other models call into the dynamic linker, and the library must depend only on
// libc.
__attribute__((tls_model("initial-exec"))) thread_local Context* current = nullptr;

template <typename T, std::size_t N, typename Matches>
T* find(T (&items)[N], Matches matches) {
  for (T& item : items) {
    if (matches(item)) return &item;
  }
  return nullptr;
}

Context* live_context(CudaContext handle) {
  return find(contexts, [handle](const Context& context) {
    return context.slot != nullptr &&
           reinterpret_cast<CudaContext>(const_cast<Context*>(&context)) == handle;
  });
}

// Returns why the driver refuses to work on the device now. A lost device is 999 in a process that
// had it open. Each context and each mapping opens the nodes again; EPERM there is
// INSUFFICIENT_PERMISSIONS for the resource manager and 800 for the caller.
CudaResult refusal(const MachineView& world, std::uint32_t index) {
  if (is_lost(world, world.machine->devices[index])) return driver::kCudaUnknown;
  if (open_error(world) != 0) return driver::kCudaNotPermitted;
  return driver::kCudaSuccess;
}

CudaResult create_in(Context* context, const CudaCall& call) {
  const std::uint32_t mode = call.world->machine->devices[call.index].compute_mode;
  if (mode == kComputeModeProhibited) return kCudaDeviceUnavailable;
  ContextSlot* slot = nullptr;
  switch (claim_context(*call.world, call.index, mode == kComputeModeExclusiveProcess, &slot)) {
    case Claim::in_use:
      return kCudaDeviceUnavailable;
    case Claim::out_of_memory:
      return driver::kCudaOutOfMemory;
    case Claim::done:
      break;
  }
  *context = {slot, current, call.index};
  current = context;
  return driver::kCudaSuccess;
}

// Enters a function that works in the thread's current context.
CudaResult enter_current(Function function, CudaCall* call) {
  const CudaResult refused = enter_cuda(call);
  if (refused != 0) return refused;
  if (current == nullptr || current->slot == nullptr) return driver::kCudaInvalidContext;
  call->index = current->index;
  wait_if_held(&device_locks[call->index]);
  return inject_fault(function, *call, &device_locks[call->index]);
}

void destroy(Context* context) {
  for (Allocation& allocation : allocations) {
    if (allocation.context == context) allocation = {};
  }
  if (current == context) current = context->previous;
  release_context(context->slot);
  *context = {};
}

}  // namespace

extern "C" {

CudaResult cuCtxCreate_v2(CudaContext* context, unsigned, CudaDevice device) {
  CudaCall call;
  const CudaResult refused = enter_cuda_device(Function::cuCtxCreate_v2, device, &call);
  if (refused != 0) return refused;
  if (opened_by_another_process()) return driver::kCudaNotInitialized;
  if (context == nullptr) return driver::kCudaInvalidValue;
  CudaResult code = refusal(*call.world, call.index);
  if (code != driver::kCudaSuccess) return code;
  pthread_mutex_lock(&tables_mutex);
  Context* free_context =
      find(contexts, [](const Context& candidate) { return candidate.slot == nullptr; });
  code = free_context == nullptr ? driver::kCudaOutOfMemory : create_in(free_context, call);
  pthread_mutex_unlock(&tables_mutex);
  if (code != driver::kCudaSuccess) return code;
  return write_out(call, reinterpret_cast<CudaContext>(free_context), context);
}

CudaResult cuCtxDestroy_v2(CudaContext handle) {
  CudaCall call;
  CudaResult refused = enter_cuda(&call);
  if (refused != 0) return refused;
  pthread_mutex_lock(&tables_mutex);
  Context* context = live_context(handle);
  if (context != nullptr) call.index = context->index;
  pthread_mutex_unlock(&tables_mutex);
  if (context == nullptr) return driver::kCudaInvalidContext;
  wait_if_held(&device_locks[call.index]);
  refused = inject_fault(Function::cuCtxDestroy_v2, call, &device_locks[call.index]);
  if (refused != 0) return refused;
  pthread_mutex_lock(&tables_mutex);
  if (context->slot != nullptr) destroy(context);
  pthread_mutex_unlock(&tables_mutex);
  return driver::kCudaSuccess;
}

CudaResult cuMemGetInfo_v2(std::size_t* available, std::size_t* total) {
  CudaCall call;
  const CudaResult refused = enter_current(Function::cuMemGetInfo_v2, &call);
  if (refused != 0) return refused;
  if (available == nullptr || total == nullptr) return driver::kCudaInvalidValue;
  write_out(call, std::size_t{capacity(call.world->machine->devices[call.index])}, total);
  return write_out(call, std::size_t{free_bytes(*call.world, call.index)}, available);
}

CudaResult cuMemAlloc_v2(CudaDevicePointer* pointer, std::size_t bytes) {
  CudaCall call;
  const CudaResult refused = enter_current(Function::cuMemAlloc_v2, &call);
  if (refused != 0) return refused;
  if (pointer == nullptr || bytes == 0) return driver::kCudaInvalidValue;
  const CudaResult code = refusal(*call.world, call.index);
  if (code != driver::kCudaSuccess) return code;
  pthread_mutex_lock(&tables_mutex);
  Allocation* allocation =
      find(allocations, [](const Allocation& candidate) { return candidate.pointer == 0; });
  const bool done =
      allocation != nullptr && grow_context(*call.world, call.index, current->slot, bytes);
  if (done) {
    *allocation = {next_pointer, bytes, current};
    write_out(call, next_pointer, pointer);
    next_pointer += (bytes + kPointerAlignment - 1) / kPointerAlignment * kPointerAlignment;
  }
  pthread_mutex_unlock(&tables_mutex);
  return done ? driver::kCudaSuccess : driver::kCudaOutOfMemory;
}

CudaResult cuMemFree_v2(CudaDevicePointer pointer) {
  CudaCall call;
  const CudaResult refused = enter_current(Function::cuMemFree_v2, &call);
  if (refused != 0) return refused;
  if (pointer == 0) return driver::kCudaSuccess;
  pthread_mutex_lock(&tables_mutex);
  Allocation* allocation = find(
      allocations, [pointer](const Allocation& candidate) { return candidate.pointer == pointer; });
  if (allocation != nullptr) {
    shrink_context(allocation->context->slot, allocation->bytes);
    *allocation = {};
  }
  pthread_mutex_unlock(&tables_mutex);
  return allocation != nullptr ? driver::kCudaSuccess : driver::kCudaInvalidValue;
}

}  // extern "C"

}  // namespace gpuprobe::sim
