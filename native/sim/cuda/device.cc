// What CUDA says about one device. Answered from what cuInit found: opens no node.
#include <stdio.h>
#include <string.h>

#include "sim/cuda/open_state.h"

namespace gpuprobe::sim {
namespace {

constexpr int kAttributePciBus = 33;
constexpr int kAttributePciDevice = 34;
constexpr int kAttributePciDomain = 50;

CudaResult write_out_uuid(Function function, CudaUuid* uuid, CudaDevice device) {
  CudaCall call;
  const CudaResult refused = enter_cuda_device(function, device, &call);
  if (refused != 0) return refused;
  CudaUuid answer;
  memcpy(answer.bytes, call.world->machine->devices[call.index].uuid_bytes, sizeof answer.bytes);
  return write_out(call, answer, uuid);
}

}  // namespace

extern "C" {

// CUDA writes a 4-digit domain, NVML 8 digits.
CudaResult cuDeviceGetPCIBusId(char* bus_id, int length, CudaDevice device) {
  CudaCall call;
  const CudaResult refused = enter_cuda_device(Function::cuDeviceGetPCIBusId, device, &call);
  if (refused != 0) return refused;
  const PciAddress& pci = call.world->machine->devices[call.index].pci;
  char text[32];
  const int needed = snprintf(text, sizeof text, "%04x:%02x:%02x.%x", pci.domain, pci.bus,
                              pci.device, pci.function);
  if (bus_id == nullptr || length <= needed) return driver::kCudaInvalidValue;
  memcpy(bus_id, text, static_cast<std::size_t>(needed) + 1);
  corrupt_text(call, bus_id, static_cast<std::size_t>(length));
  return driver::kCudaSuccess;
}

CudaResult cuDeviceGetUuid(CudaUuid* uuid, CudaDevice device) {
  return write_out_uuid(Function::cuDeviceGetUuid, uuid, device);
}

CudaResult cuDeviceGetUuid_v2(CudaUuid* uuid, CudaDevice device) {
  return write_out_uuid(Function::cuDeviceGetUuid_v2, uuid, device);
}

CudaResult cuDeviceGetAttribute(int* value, int attribute, CudaDevice device) {
  CudaCall call;
  const CudaResult refused = enter_cuda_device(Function::cuDeviceGetAttribute, device, &call);
  if (refused != 0) return refused;
  const Device& facts = call.world->machine->devices[call.index];
  switch (attribute) {
    case driver::kCudaAttributeComputeMode:
      return write_out(call, static_cast<int>(facts.compute_mode), value);
    case kAttributePciBus:
      return write_out(call, static_cast<int>(facts.pci.bus), value);
    case kAttributePciDevice:
      return write_out(call, static_cast<int>(facts.pci.device), value);
    case kAttributePciDomain:
      return write_out(call, static_cast<int>(facts.pci.domain), value);
    default:
      return driver::kCudaInvalidValue;
  }
}

}  // extern "C"

}  // namespace gpuprobe::sim
