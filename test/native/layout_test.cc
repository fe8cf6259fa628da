// Every number here was written by hand from a measurement with NVIDIA's own headers (11.8 and
// 13.3, x86-64), not derived from our declarations: the probes and the simulated driver share one
// header, so the simulator agrees with any mistake in it. The static_asserts next to the
// declarations are edited together with them; this table checks such an edit.
//
// For the wire records, the version next to them is the only authority. JavaScript and a running
// warden of another copy of the package read them by offset: if a number below changes,
// kWireVersion or kSnapshotVersion must be raised too.
#include "check.h"
#include "driver/cuda_abi.h"
#include "driver/functions.h"
#include "driver/nodes.h"
#include "driver/nvml_abi.h"
#include "probes/check.h"
#include "probes/current_call.h"
#include "probes/request.h"
#include "probes/snapshot.h"
#include "wire/frame.h"
#include "wire/page.h"

#define CHECK_SIZE(size, type) CHECK_EQ(std::size_t{size}, sizeof(type))
#define CHECK_MEMBER(offset, width, type, member)          \
  do {                                                     \
    CHECK_EQ(std::size_t{offset}, offsetof(type, member)); \
    CHECK_EQ(std::size_t{width}, sizeof(type::member));    \
  } while (0)

namespace {

using namespace gpuprobe::driver;
using namespace gpuprobe::probes;
using namespace gpuprobe::wire;

TEST("NVML memory") {
  CHECK_SIZE(24, NvmlMemory);
  CHECK_MEMBER(0, 8, NvmlMemory, total);
  CHECK_MEMBER(8, 8, NvmlMemory, free);
  CHECK_MEMBER(16, 8, NvmlMemory, used);
  CHECK_SIZE(40, NvmlMemoryV2);
  CHECK_MEMBER(0, 4, NvmlMemoryV2, version);
  CHECK_MEMBER(8, 8, NvmlMemoryV2, total);
  CHECK_MEMBER(16, 8, NvmlMemoryV2, reserved);
  CHECK_MEMBER(24, 8, NvmlMemoryV2, free);
  CHECK_MEMBER(32, 8, NvmlMemoryV2, used);
  CHECK_EQ(0x02000028u, kNvmlMemoryV2Version);
}

TEST("NVML utilization") {
  CHECK_SIZE(8, NvmlUtilization);
  CHECK_MEMBER(0, 4, NvmlUtilization, gpu);
  CHECK_MEMBER(4, 4, NvmlUtilization, memory);
}

TEST("NVML PCI info") {
  CHECK_SIZE(68, NvmlPciInfo);
  CHECK_MEMBER(0, 16, NvmlPciInfo, bus_id_legacy);
  CHECK_MEMBER(16, 4, NvmlPciInfo, domain);
  CHECK_MEMBER(20, 4, NvmlPciInfo, bus);
  CHECK_MEMBER(24, 4, NvmlPciInfo, device);
  CHECK_MEMBER(28, 4, NvmlPciInfo, pci_device_id);
  CHECK_MEMBER(32, 4, NvmlPciInfo, pci_sub_system_id);
  CHECK_MEMBER(36, 32, NvmlPciInfo, bus_id);
}

TEST("NVML encoder session") {
  CHECK_SIZE(32, NvmlEncoderSessionInfo);
  CHECK_MEMBER(0, 4, NvmlEncoderSessionInfo, session_id);
  CHECK_MEMBER(4, 4, NvmlEncoderSessionInfo, pid);
  CHECK_MEMBER(8, 4, NvmlEncoderSessionInfo, vgpu_instance);
  CHECK_MEMBER(12, 4, NvmlEncoderSessionInfo, codec_type);
  CHECK_MEMBER(16, 4, NvmlEncoderSessionInfo, h_resolution);
  CHECK_MEMBER(20, 4, NvmlEncoderSessionInfo, v_resolution);
  CHECK_MEMBER(24, 4, NvmlEncoderSessionInfo, average_fps);
  CHECK_MEMBER(28, 4, NvmlEncoderSessionInfo, average_latency);
}

TEST("NVML process") {
  CHECK_SIZE(24, NvmlProcessInfo);
  CHECK_MEMBER(0, 4, NvmlProcessInfo, pid);
  CHECK_MEMBER(8, 8, NvmlProcessInfo, used_gpu_memory);
  CHECK_MEMBER(16, 4, NvmlProcessInfo, gpu_instance_id);
  CHECK_MEMBER(20, 4, NvmlProcessInfo, compute_instance_id);
  CHECK_EQ(32u, kNvmlProcessInfoWidest);
  CHECK_EQ(18446744073709551615u, kNvmlValueNotAvailable);
}

TEST("NVML field value") {
  CHECK_SIZE(40, NvmlFieldValue);
  CHECK_MEMBER(0, 4, NvmlFieldValue, field_id);
  CHECK_MEMBER(4, 4, NvmlFieldValue, scope_id);
  CHECK_MEMBER(8, 8, NvmlFieldValue, timestamp);
  CHECK_MEMBER(16, 8, NvmlFieldValue, latency_usec);
  CHECK_MEMBER(24, 4, NvmlFieldValue, value_type);
  CHECK_MEMBER(28, 4, NvmlFieldValue, nvml_return);
  CHECK_MEMBER(32, 8, NvmlFieldValue, value);
  CHECK_MEMBER(0, 8, NvmlValue, double_value);
  CHECK_MEMBER(0, 4, NvmlValue, unsigned_int);
  CHECK_MEMBER(0, 8, NvmlValue, unsigned_long_long);
  CHECK_MEMBER(0, 8, NvmlValue, signed_long_long);
  CHECK_MEMBER(0, 4, NvmlValue, signed_int);
  CHECK_MEMBER(0, 2, NvmlValue, unsigned_short);
  CHECK_EQ(0u, kNvmlValueDouble);
  CHECK_EQ(1u, kNvmlValueUnsignedInt);
  CHECK_EQ(2u, kNvmlValueUnsignedLong);
  CHECK_EQ(3u, kNvmlValueUnsignedLongLong);
  CHECK_EQ(4u, kNvmlValueSignedLongLong);
  CHECK_EQ(5u, kNvmlValueSignedInt);
  CHECK_EQ(6u, kNvmlValueUnsignedShort);
}

TEST("NVML numbers") {
  CHECK_SIZE(4, NvmlReturn);
  CHECK(std::is_pointer_v<NvmlDevice>);
  CHECK_EQ(0, kNvmlSuccess);
  CHECK_EQ(1, kNvmlUninitialized);
  CHECK_EQ(2, kNvmlInvalidArgument);
  CHECK_EQ(3, kNvmlNotSupported);
  CHECK_EQ(7, kNvmlInsufficientSize);
  CHECK_EQ(9, kNvmlDriverNotLoaded);
  CHECK_EQ(13, kNvmlFunctionNotFound);
  CHECK_EQ(15, kNvmlGpuIsLost);
  CHECK_EQ(999, kNvmlUnknown);
  CHECK_EQ(1u, kNvmlInitFlagNoGpus);
  CHECK_EQ(0u, kNvmlTemperatureGpu);
  CHECK_EQ(1u, kNvmlClockSm);
  CHECK_EQ(2u, kNvmlClockMemory);
  CHECK_EQ(230u, kNvmlFieldRecoveryAction);
  CHECK_EQ(0u, kNvmlEccCorrected);
  CHECK_EQ(1u, kNvmlEccUncorrected);
  CHECK_EQ(0u, kNvmlEccVolatile);
  CHECK_EQ(1u, kNvmlEccAggregate);
  CHECK_EQ(0u, kNvmlRetiredSingleBit);
  CHECK_EQ(1u, kNvmlRetiredDoubleBit);
}

TEST("CUDA types and numbers") {
  CHECK_SIZE(4, CudaResult);
  CHECK_SIZE(4, CudaDevice);
  CHECK_SIZE(8, void*);
  CHECK(std::is_pointer_v<CudaContext>);
  CHECK_SIZE(8, CudaDevicePointer);
  CHECK_SIZE(16, CudaUuid);
  CHECK_EQ(0, kCudaSuccess);
  CHECK_EQ(1, kCudaInvalidValue);
  CHECK_EQ(2, kCudaOutOfMemory);
  CHECK_EQ(3, kCudaNotInitialized);
  CHECK_EQ(100, kCudaNoDevice);
  CHECK_EQ(101, kCudaInvalidDevice);
  CHECK_EQ(201, kCudaInvalidContext);
  CHECK_EQ(500, kCudaNotFound);
  CHECK_EQ(800, kCudaNotPermitted);
  CHECK_EQ(803, kCudaSystemDriverMismatch);
  CHECK_EQ(999, kCudaUnknown);
  CHECK_EQ(4u, kCudaContextBlockingSync);
  CHECK_EQ(20, kCudaAttributeComputeMode);
}

TEST("frames") {
  CHECK_SIZE(16, FrameHeader);
  CHECK_MEMBER(0, 4, FrameHeader, magic);
  CHECK_MEMBER(4, 2, FrameHeader, version);
  CHECK_MEMBER(6, 2, FrameHeader, type);
  CHECK_MEMBER(8, 4, FrameHeader, size);
  CHECK_MEMBER(12, 4, FrameHeader, request);
  CHECK_EQ(3, kWireVersion);
  CHECK_EQ(0x42505247u, kFrameMagic);
  CHECK_EQ(16u, offsetof(Frame, payload));
  CHECK_SIZE(8, ReadyRecord);
  CHECK_SIZE(8, PageRecord);
  CHECK_SIZE(392, DoneRecord);
  CHECK_MEMBER(0, 8, DoneRecord, generation);
  CHECK_MEMBER(8, 4, DoneRecord, has_check);
  CHECK_MEMBER(16, 376, DoneRecord, check);
  CHECK_SIZE(12, LostRecord);
  CHECK_MEMBER(0, 4, LostRecord, start_errno);
  CHECK_MEMBER(4, 4, LostRecord, wait_status);
  CHECK_MEMBER(8, 4, LostRecord, retry_ms);
  CHECK_SIZE(16, SourceHeader);
  CHECK_MEMBER(0, 4, SourceHeader, source);
  CHECK_MEMBER(4, 4, SourceHeader, simulated);
  CHECK_MEMBER(8, 4, SourceHeader, directories_size);
  CHECK_MEMBER(12, 4, SourceHeader, environment_size);
}

TEST("the longest payloads fit into a frame") {
  CHECK(sizeof(NodesFacts) <= kMaxPayload);
  CHECK(kMaxDevices * sizeof(CudaDeviceRecord) <= kMaxPayload);
}

TEST("requests") {
  CHECK_SIZE(96, ProbeRequest);
  CHECK_MEMBER(0, 2, ProbeRequest, kind);
  CHECK_MEMBER(2, 2, ProbeRequest, flags);
  CHECK_MEMBER(4, 4, ProbeRequest, source);
  CHECK_MEMBER(8, 4, ProbeRequest, soft_ms);
  CHECK_MEMBER(12, 4, ProbeRequest, hard_ms);
  CHECK_MEMBER(16, 48, ProbeRequest, device);
  CHECK_MEMBER(64, 32, ProbeRequest, pci_bus_id);
}

TEST("check records") {
  CHECK_SIZE(376, CheckRecord);
  CHECK_MEMBER(0, 2, CheckRecord, check);
  CHECK_MEMBER(2, 2, CheckRecord, outcome);
  CHECK_MEMBER(4, 2, CheckRecord, via);
  CHECK_MEMBER(6, 2, CheckRecord, api);
  CHECK_MEMBER(8, 4, CheckRecord, code);
  CHECK_MEMBER(12, 4, CheckRecord, simulated);
  CHECK_MEMBER(16, 8, CheckRecord, duration_ns);
  CHECK_MEMBER(24, 48, CheckRecord, device);
  CHECK_MEMBER(72, 48, CheckRecord, function);
  CHECK_MEMBER(120, 256, CheckRecord, detail);
  CHECK_SIZE(88, CudaDeviceRecord);
  CHECK_MEMBER(0, 48, CudaDeviceRecord, uuid);
  CHECK_MEMBER(48, 32, CudaDeviceRecord, pci_bus_id);
  CHECK_MEMBER(80, 4, CudaDeviceRecord, ordinal);
}

TEST("events") {
  CHECK_SIZE(64, EventRecord);
  CHECK_MEMBER(0, 4, EventRecord, kind);
  CHECK_MEMBER(4, 4, EventRecord, simulated);
  CHECK_MEMBER(8, 8, EventRecord, code);
  CHECK_MEMBER(16, 48, EventRecord, device);
  CHECK_SIZE(32, NvmlEventData);
  CHECK_MEMBER(0, 8, NvmlEventData, device);
  CHECK_MEMBER(8, 8, NvmlEventData, event_type);
  CHECK_MEMBER(16, 8, NvmlEventData, event_data);
  CHECK_MEMBER(24, 4, NvmlEventData, gpu_instance_id);
  CHECK_MEMBER(28, 4, NvmlEventData, compute_instance_id);
  CHECK_EQ(8u, kNvmlEventXidCriticalError);
  CHECK_EQ(10, kNvmlTimeout);
}

TEST("node facts") {
  CHECK_SIZE(88, NodeFact);
  CHECK_MEMBER(0, 56, NodeFact, path);
  CHECK_MEMBER(56, 4, NodeFact, stat_errno);
  CHECK_MEMBER(60, 4, NodeFact, access_errno);
  CHECK_MEMBER(64, 4, NodeFact, major);
  CHECK_MEMBER(68, 4, NodeFact, minor);
  CHECK_MEMBER(72, 4, NodeFact, character_device);
  CHECK_MEMBER(76, 4, NodeFact, expected_known);
  CHECK_MEMBER(80, 4, NodeFact, expected_major);
  CHECK_MEMBER(84, 4, NodeFact, expected_minor);
  CHECK_SIZE(8216, NodesFacts);
  CHECK_MEMBER(0, 4, NodesFacts, module_loaded);
  CHECK_MEMBER(4, 4, NodesFacts, wsl);
  CHECK_MEMBER(8, 4, NodesFacts, node_count);
  CHECK_MEMBER(12, 4, NodesFacts, gpu_count);
  CHECK_MEMBER(16, 4, NodesFacts, truncated);
  CHECK_MEMBER(24, 64, NodesFacts, kernel_driver_version);
  CHECK_MEMBER(88, 1024, NodesFacts, gpus);
  CHECK_MEMBER(1112, 64, NodesFacts, gpu_sleeps);
  CHECK_MEMBER(1176, 7040, NodesFacts, nodes);
}

TEST("snapshots") {
  CHECK_EQ(2u, kSnapshotVersion);
  CHECK_SIZE(208, SnapshotHeader);
  CHECK_MEMBER(0, 4, SnapshotHeader, version);
  CHECK_MEMBER(4, 4, SnapshotHeader, size);
  CHECK_MEMBER(8, 4, SnapshotHeader, device_count);
  CHECK_MEMBER(12, 4, SnapshotHeader, session_count);
  CHECK_MEMBER(16, 4, SnapshotHeader, process_count);
  CHECK_MEMBER(20, 4, SnapshotHeader, devices_offset);
  CHECK_MEMBER(24, 4, SnapshotHeader, sessions_offset);
  CHECK_MEMBER(28, 4, SnapshotHeader, processes_offset);
  CHECK_MEMBER(32, 4, SnapshotHeader, strings_hash);
  CHECK_MEMBER(36, 4, SnapshotHeader, simulated);
  CHECK_MEMBER(40, 4, SnapshotHeader, cuda_version);
  CHECK_MEMBER(48, 80, SnapshotHeader, driver_version);
  CHECK_MEMBER(128, 80, SnapshotHeader, nvml_version);
}

TEST("devices of a snapshot") {
  CHECK_EQ(41u, kFieldCount);
  CHECK_SIZE(760, DeviceRecord);
  // Doubles are read through a Float64Array, which needs a multiple of 8.
  CHECK_EQ(0u, sizeof(SnapshotHeader) % 8);
  CHECK_EQ(0u, sizeof(DeviceRecord) % 8);
  CHECK_EQ(0u, sizeof(EncoderSessionRecord) % 8);
  CHECK_EQ(0u, sizeof(ProcessRecord) % 8);
  CHECK_MEMBER(0, 328, DeviceRecord, values);
  CHECK_MEMBER(328, 164, DeviceRecord, codes);
  CHECK_MEMBER(492, 4, DeviceRecord, handle_code);
  CHECK_MEMBER(496, 4, DeviceRecord, name_code);
  CHECK_MEMBER(500, 4, DeviceRecord, uuid_code);
  CHECK_MEMBER(504, 4, DeviceRecord, pci_bus_id_code);
  CHECK_MEMBER(508, 4, DeviceRecord, sessions_code);
  CHECK_MEMBER(512, 4, DeviceRecord, processes_code);
  CHECK_MEMBER(516, 4, DeviceRecord, first_session);
  CHECK_MEMBER(520, 4, DeviceRecord, session_count);
  CHECK_MEMBER(524, 4, DeviceRecord, first_process);
  CHECK_MEMBER(528, 4, DeviceRecord, process_count);
  CHECK_MEMBER(532, 4, DeviceRecord, index);
  CHECK_MEMBER(536, 96, DeviceRecord, name);
  CHECK_MEMBER(632, 96, DeviceRecord, uuid);
  CHECK_MEMBER(728, 32, DeviceRecord, pci_bus_id);
}

TEST("lists of a snapshot") {
  CHECK_SIZE(32, EncoderSessionRecord);
  CHECK_MEMBER(0, 4, EncoderSessionRecord, session_id);
  CHECK_MEMBER(4, 4, EncoderSessionRecord, pid);
  CHECK_MEMBER(8, 4, EncoderSessionRecord, codec);
  CHECK_MEMBER(12, 4, EncoderSessionRecord, width);
  CHECK_MEMBER(16, 4, EncoderSessionRecord, height);
  CHECK_MEMBER(20, 4, EncoderSessionRecord, average_fps);
  CHECK_MEMBER(24, 4, EncoderSessionRecord, average_latency_us);
  CHECK_SIZE(96, ProcessRecord);
  CHECK_MEMBER(0, 8, ProcessRecord, used_bytes);
  CHECK_MEMBER(8, 4, ProcessRecord, used_code);
  CHECK_MEMBER(12, 4, ProcessRecord, pid);
  CHECK_MEMBER(16, 4, ProcessRecord, kind);
  CHECK_MEMBER(20, 4, ProcessRecord, name_code);
  CHECK_MEMBER(24, 72, ProcessRecord, name);
}

TEST("the shared page") {
  CHECK_SIZE(64, CurrentCall);
  CHECK_MEMBER(0, 8, CurrentCall, since_ns);
  CHECK_MEMBER(8, 4, CurrentCall, function);
  CHECK_MEMBER(12, 2, CurrentCall, check);
  CHECK_MEMBER(14, 2, CurrentCall, via);
  CHECK_MEMBER(16, 48, CurrentCall, device);
  CHECK_MEMBER(0, 4, Page, magic);
  CHECK_MEMBER(4, 4, Page, version);
  CHECK_MEMBER(8, 8, Page, sequence);
  CHECK_MEMBER(16, 8, Page, generation);
  CHECK_MEMBER(24, 8, Page, published_ns);
  CHECK_MEMBER(32, 4, Page, size);
  CHECK_MEMBER(40, 64, Page, where);
  CHECK_EQ(192u, offsetof(Page, snapshot));
}

TEST("every function's number names it") {
  CHECK_EQ("", function_name(0));
  CHECK_EQ("dlopen", function_name(static_cast<std::uint32_t>(FunctionId::dlopen)));
  CHECK_EQ("nvmlInit_v2", function_name(static_cast<std::uint32_t>(FunctionId::nvmlInit_v2)));
  CHECK_EQ("cuInit", function_name(static_cast<std::uint32_t>(FunctionId::cuInit)));
  const auto last = static_cast<std::uint32_t>(FunctionId::cuMemFree_v2);
  CHECK_EQ("cuMemFree_v2", function_name(last));
  CHECK_EQ("", function_name(last + 1));
  CHECK_EQ("", function_name(0xFFFFFFFFu));
}

}  // namespace
