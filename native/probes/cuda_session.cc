#include "probes/cuda_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/pci_address.h"
#include "driver/text.h"
#include "probes/loading.h"

namespace gpuprobe::probes {

using driver::Cuda;
using driver::CudaResult;
using driver::FunctionId;
using driver::kCudaSuccess;

namespace {

// Writes the UUID in NVML's form: "GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01".
void write_uuid(const driver::CudaUuid& uuid, CudaDeviceRecord* record) {
  char* out = record->uuid;
  std::size_t at = static_cast<std::size_t>(snprintf(out, sizeof record->uuid, "GPU"));
  for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
    const bool dash = i == 0 || i == 4 || i == 6 || i == 8 || i == 10;
    at += static_cast<std::size_t>(
        snprintf(out + at, sizeof record->uuid - at, dash ? "-%02x" : "%02x", uuid.bytes[i]));
  }
}

}  // namespace

bool CudaSession::load(const Source& source, const Sink& sink, Via via) {
  Question question(sink, CheckId::cuda_load, via);
  sink.where->enter(driver::FunctionId::dlopen);
  const driver::LoadStatus status = driver::load_cuda(search_of(source), &cuda_);
  loaded_ = answer_load(status, cuda_.library, source, &question);
  load_record_ = question.record();
  return loaded_;
}

bool CudaSession::initialise(const Sink& sink, Via via) {
  Question question(sink, CheckId::cuda_init, via);
  const CudaResult code = ask<&Cuda::cuInit>(cuda_, sink.where, 0u);
  question.answer(Api::cuda, code, simulated());
  init_record_ = question.record();
  initialised_ = code == kCudaSuccess;
  return initialised_;
}

// Restricts the process to one GPU: a context's cost grows with the number of visible GPUs
// (rapidsai/dask-cuda#198). Only by UUID, and only if the library provides UUIDs: one that does not
// may take the value to mean no GPU at all.
void CudaSession::show_only(const char* device) const {
  const bool is_uuid = device[0] != '\0' && strchr(device, ':') == nullptr;
  const bool tells_uuids = cuda_.cuDeviceGetUuid_v2 != nullptr || cuda_.cuDeviceGetUuid != nullptr;
  // mutation: no-uuid-for-old-cuda
  if (is_uuid && tells_uuids) setenv("CUDA_VISIBLE_DEVICES", device, 1);
}

bool CudaSession::open(const Source& source, const Sink& sink, Via via, bool repeat,
                       const char* device) {
  if (!loaded_) {
    if (!load(source, sink, via)) return false;
    if (source.own_process) show_only(device);
  } else if (repeat) {
    sink.check(sink.self, load_record_);
  }
  if (!initialised_) return initialise(sink, via);
  if (repeat) sink.check(sink.self, init_record_);
  return true;
}

// Identifies a GPU by UUID, by PCI address, or by both. Fails only if neither is available.
ListFailure CudaSession::read_identity(CurrentCall* where, int ordinal,
                                       CudaDeviceRecord* record) const {
  driver::CudaDevice device = 0;
  CudaResult code = ask<&Cuda::cuDeviceGet>(cuda_, where, &device, ordinal);
  if (code != kCudaSuccess) return {code, FunctionId::cuDeviceGet};
  driver::CudaUuid uuid{};
  code = ask<&Cuda::cuDeviceGetUuid_v2>(cuda_, where, &uuid, device);
  if (code != kCudaSuccess) code = ask<&Cuda::cuDeviceGetUuid>(cuda_, where, &uuid, device);
  if (code == kCudaSuccess) write_uuid(uuid, record);
  char bus_id[32] = "";
  const CudaResult bus_code = ask<&Cuda::cuDeviceGetPCIBusId>(
      cuda_, where, bus_id, static_cast<int>(sizeof bus_id), device);
  if (bus_code == kCudaSuccess) driver::copy_driver_text(record->pci_bus_id, bus_id, sizeof bus_id);
  if (code == kCudaSuccess || record->pci_bus_id[0] != '\0') return {};
  return {code, FunctionId::cuDeviceGetUuid};
}

std::size_t CudaSession::list(CurrentCall* where, CudaDeviceRecord* records, std::size_t capacity,
                              ListFailure* failure) const {
  int count = 0;
  *failure = {ask<&Cuda::cuDeviceGetCount>(cuda_, where, &count), FunctionId::cuDeviceGetCount};
  if (failure->code != kCudaSuccess || count < 0) return 0;
  const std::size_t kept = static_cast<std::size_t>(count) < capacity ? count : capacity;
  for (std::size_t i = 0; i < kept; ++i) {
    records[i] = {};
    records[i].ordinal = static_cast<int>(i);
    const ListFailure read = read_identity(where, records[i].ordinal, &records[i]);
    if (failure->code == kCudaSuccess) *failure = read;
  }
  return kept;
}

// The address is needed for a CUDA without UUIDs (drivers before 410), and for GPUs that share one
// UUID (NVIDIA/nvidia-docker#1133).
int CudaSession::find(CurrentCall* where, const char* uuid, const char* pci_bus_id,
                      ListFailure* failure) const {
  CudaDeviceRecord records[kMaxDevices];
  const std::size_t count = list(where, records, kMaxDevices, failure);
  int first = -1;
  unsigned of_that_uuid = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (strcmp(records[i].uuid, uuid) == 0 && of_that_uuid++ == 0) first = records[i].ordinal;
  }
  if (of_that_uuid == 1) return first;
  for (std::size_t i = 0; i < count; ++i) {
    // mutation: address-where-no-uuid
    if (driver::same_pci_address(records[i].pci_bus_id, pci_bus_id)) return records[i].ordinal;
  }
  return first;
}

}  // namespace gpuprobe::probes
