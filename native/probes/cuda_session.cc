#include "probes/cuda_session.h"

#include <stdio.h>
#include <string.h>

#include "driver/text.h"
#include "probes/loading.h"

namespace gpuprobe::probes {

using driver::Cuda;
using driver::CudaResult;
using driver::FunctionId;
using driver::kCudaSuccess;

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

bool CudaSession::open(const Source& source, const Sink& sink, Via via, bool repeat) {
  if (!loaded_) {
    if (!load(source, sink, via)) return false;
  } else if (repeat) {
    sink.check(sink.self, load_record_);
  }
  if (!initialised_) return initialise(sink, via);
  if (repeat) sink.check(sink.self, init_record_);
  return true;
}

ListFailure CudaSession::read_uuid(Whereabouts* where, int ordinal,
                                   CudaDeviceRecord* record) const {
  driver::CudaDevice device = 0;
  CudaResult code = ask<&Cuda::cuDeviceGet>(cuda_, where, &device, ordinal);
  if (code != kCudaSuccess) return {code, FunctionId::cuDeviceGet};
  driver::CudaUuid uuid{};
  code = ask<&Cuda::cuDeviceGetUuid_v2>(cuda_, where, &uuid, device);
  if (code != kCudaSuccess) code = ask<&Cuda::cuDeviceGetUuid>(cuda_, where, &uuid, device);
  if (code != kCudaSuccess) return {code, FunctionId::cuDeviceGetUuid};
  char* out = record->uuid;
  std::size_t at = static_cast<std::size_t>(snprintf(out, sizeof record->uuid, "GPU"));
  for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
    const bool dash = i == 0 || i == 4 || i == 6 || i == 8 || i == 10;
    at += static_cast<std::size_t>(
        snprintf(out + at, sizeof record->uuid - at, dash ? "-%02x" : "%02x", uuid.bytes[i]));
  }
  char bus_id[32] = "";
  if (ask<&Cuda::cuDeviceGetPCIBusId>(cuda_, where, bus_id, static_cast<int>(sizeof bus_id),
                                      device) == kCudaSuccess) {
    driver::copy_driver_text(record->pci_bus_id, bus_id, sizeof bus_id);
  }
  return {};
}

std::size_t CudaSession::list(Whereabouts* where, CudaDeviceRecord* records, std::size_t capacity,
                              ListFailure* failure) const {
  int count = 0;
  *failure = {ask<&Cuda::cuDeviceGetCount>(cuda_, where, &count), FunctionId::cuDeviceGetCount};
  if (failure->code != kCudaSuccess || count < 0) return 0;
  const std::size_t kept = static_cast<std::size_t>(count) < capacity ? count : capacity;
  for (std::size_t i = 0; i < kept; ++i) {
    records[i] = {};
    records[i].ordinal = static_cast<int>(i);
    const ListFailure read = read_uuid(where, records[i].ordinal, &records[i]);
    if (failure->code == kCudaSuccess) *failure = read;
  }
  return kept;
}

int CudaSession::find(Whereabouts* where, const char* uuid, ListFailure* failure) const {
  CudaDeviceRecord records[kMaxDevices];
  const std::size_t count = list(where, records, kMaxDevices, failure);
  for (std::size_t i = 0; i < count; ++i) {
    if (strcmp(records[i].uuid, uuid) == 0) return records[i].ordinal;
  }
  return -1;
}

}  // namespace gpuprobe::probes
