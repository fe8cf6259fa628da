import type { Layout } from './binding.js';

/** One answered question, as a native record (`probes::CheckRecord`). */
export interface CheckFacts {
  check: string;
  outcome: string;
  via: string;
  /** UUID, `index:N`, or '' for the machine. */
  device: string;
  /** Whose number `code` is: `none`, `errno`, `nvml`, `cuda`, `signal`, `exit` or `probe`. */
  api: string;
  code: number;
  /** The driver function that answered or is being waited for; '' for none. */
  driverFunction: string;
  /** The library's own words; '' for none. */
  detail: string;
  simulated: boolean;
  durationMs: number;
}

/** What the kernel says about the driver (`driver::NodesFacts`). */
export interface NodesFacts {
  moduleLoaded: boolean;
  wsl: boolean;
  /** '' when not readable. */
  kernelDriverVersion: string;
  /** PCI bus ids with the kernel's four-digit domain. */
  gpus: string[];
  /** Those of them that runtime power management has suspended. */
  asleep: string[];
  nodes: NodeFacts[];
}

/** A device's numbers: which driver, and which of its devices. */
export interface DeviceNumbers {
  major: number;
  minor: number;
}

/** One device node (`driver::NodeFact`). */
export interface NodeFacts {
  path: string;
  /** errno values; 0 = fine. */
  statErrno: number;
  accessErrno: number;
  /** Of what is there, where it is a character device. */
  device?: DeviceNumbers;
  /** Of NVIDIA's device of that name, where /proc/devices tells. */
  expected?: DeviceNumbers;
}

/** A GPU as CUDA lists it (`probes::CudaDeviceRecord`). */
export interface CudaDeviceFacts {
  /** '' where this driver's CUDA tells none (before 410). */
  uuid: string;
  /** With a four-digit domain; '' where it could not be read. */
  pciBusId: string;
}

/** What a driver library is, and which of the functions that gpuprobe calls it has (`probes::LibraryRecord`). */
export interface LibraryFacts {
  /** `probes::LibraryId`. */
  library: number;
  loaded: boolean;
  /** Has all functions that are required. */
  usable: boolean;
  simulated: boolean;
  /** '' when it could not be opened. */
  path: string;
  /** The dynamic linker's words, or the first required function that is missing; '' when it is usable. */
  error: string;
  symbols: { name: string; required: boolean; since: number; present: boolean }[];
}

/** Why no warden answers (`wire::LostRecord`): an errno of starting it, else how the last one ended. */
export interface LostFacts {
  startErrno: number;
  waitStatus: number;
  /** Not 0: none was started, and none will be for so long. */
  retryMs: number;
}

/** Text up to its terminating zero, or to the end of its field. */
export function readText(bytes: Buffer, offset: number, size: number): string {
  const end = bytes.indexOf(0, offset);
  return bytes.toString('utf8', offset, end < 0 || end > offset + size ? offset + size : end);
}

const NANOSECONDS = 1e6;
/** Three 32-bit numbers (`wire::LostRecord`). */
const LOST_BYTES = 12;

/** Undefined when the payload is no such record. */
export function decodeCheck(payload: ArrayBuffer, layout: Layout): CheckFacts | undefined {
  const at = layout.check;
  if (payload.byteLength !== at.size) return undefined;
  const view = new DataView(payload);
  const bytes = Buffer.from(payload);
  const { checks, outcomes, vias, apis } = layout.names;
  return {
    check: checks[view.getUint16(at.check, true)] ?? '',
    outcome: outcomes[view.getUint16(at.outcome, true)] ?? '',
    via: vias[view.getUint16(at.via, true)] ?? '',
    api: apis[view.getUint16(at.api, true)] ?? 'none',
    code: view.getInt32(at.code, true),
    device: readText(bytes, at.device, at.function - at.device),
    driverFunction: readText(bytes, at.function, at.detail - at.function),
    detail: readText(bytes, at.detail, at.size - at.detail),
    simulated: view.getUint32(at.simulated, true) !== 0,
    durationMs: Number(view.getBigUint64(at.duration_ns, true)) / NANOSECONDS,
  };
}

/** The record that came with the end of a request; undefined when there is none. */
export function decodeDone(payload: ArrayBuffer, layout: Layout): CheckFacts | undefined {
  const at = layout.done;
  if (payload.byteLength !== at.size) return undefined;
  if (new DataView(payload).getUint32(at.has_check, true) === 0) return undefined;
  return decodeCheck(payload.slice(at.check, at.check + layout.check.size), layout);
}

function decodeNode(view: DataView, bytes: Buffer, start: number, at: Layout['nodes']['node']): NodeFacts {
  const number = (offset: number) => view.getUint32(start + offset, true);
  const expected = { major: number(at.expected_major), minor: number(at.expected_minor) };
  return {
    path: readText(bytes, start + at.path, at.stat_errno - at.path),
    statErrno: view.getInt32(start + at.stat_errno, true),
    accessErrno: view.getInt32(start + at.access_errno, true),
    ...(number(at.character_device) === 0
      ? {}
      : { device: { major: number(at.major), minor: number(at.minor) } }),
    ...(number(at.expected_known) === 0 ? {} : { expected }),
  };
}

export function decodeNodes(payload: ArrayBuffer, layout: Layout): NodesFacts | undefined {
  const at = layout.nodes;
  if (payload.byteLength !== at.size) return undefined;
  const view = new DataView(payload);
  const bytes = Buffer.from(payload);
  const nodeRoom = Math.floor((at.size - at.nodes) / at.node.size);
  const gpuRoom = Math.floor((at.gpu_sleeps - at.gpus) / at.gpuSize);
  const nodeCount = Math.min(view.getUint32(at.node_count, true), nodeRoom);
  const gpuCount = Math.min(view.getUint32(at.gpu_count, true), gpuRoom);
  const gpus = Array.from({ length: gpuCount }, (_, i) =>
    readText(bytes, at.gpus + i * at.gpuSize, at.gpuSize),
  );
  return {
    moduleLoaded: view.getUint32(at.module_loaded, true) !== 0,
    wsl: view.getUint32(at.wsl, true) !== 0,
    kernelDriverVersion: readText(bytes, at.kernel_driver_version, at.gpus - at.kernel_driver_version),
    gpus,
    asleep: gpus.filter((_, i) => view.getUint8(at.gpu_sleeps + i) !== 0),
    nodes: Array.from({ length: nodeCount }, (_, i) =>
      decodeNode(view, bytes, at.nodes + i * at.node.size, at.node),
    ),
  };
}

/** Something that happened in the driver (`probes::EventRecord`). */
export interface EventFacts {
  /** `listening`: nothing; what happens from now on will be told. */
  kind: 'listening' | 'xid';
  code: number;
  /** UUID; '' where it is not known. */
  device: string;
  simulated: boolean;
}

/** Undefined when the payload is no such record. */
export function decodeEvent(payload: ArrayBuffer, layout: Layout): EventFacts | undefined {
  const at = layout.event;
  if (payload.byteLength !== at.size) return undefined;
  const view = new DataView(payload);
  return {
    kind: view.getUint32(at.kind, true) === 0 ? 'listening' : 'xid',
    code: Number(view.getBigUint64(at.code, true)),
    device: readText(Buffer.from(payload), at.device, at.size - at.device),
    simulated: view.getUint32(at.simulated, true) !== 0,
  };
}

/** Undefined when the payload is no such record. */
export function decodeLibrary(payload: ArrayBuffer, layout: Layout): LibraryFacts | undefined {
  const at = layout.library;
  if (payload.byteLength !== at.size) return undefined;
  const view = new DataView(payload);
  const bytes = Buffer.from(payload);
  const library = view.getUint16(at.library, true);
  return {
    library,
    loaded: view.getUint16(at.loaded, true) !== 0,
    usable: view.getUint16(at.usable, true) !== 0,
    simulated: view.getUint16(at.simulated, true) !== 0,
    path: readText(bytes, at.path, at.error - at.path),
    error: readText(bytes, at.error, at.present - at.error),
    symbols: (layout.names.symbols[library] ?? []).map((symbol, i) => ({
      ...symbol,
      present: bytes[at.present + i] === 1,
    })),
  };
}

export function decodeCudaDevices(payload: ArrayBuffer, layout: Layout): CudaDeviceFacts[] | undefined {
  const at = layout.cudaDevice;
  if (payload.byteLength % at.size !== 0) return undefined;
  const bytes = Buffer.from(payload);
  return Array.from({ length: payload.byteLength / at.size }, (_, i) => ({
    uuid: readText(bytes, i * at.size + at.uuid, at.pci_bus_id - at.uuid),
    pciBusId: readText(bytes, i * at.size + at.pci_bus_id, 32),
  }));
}

/** Undefined when the payload is no such record. */
export function decodeLost(payload: ArrayBuffer): LostFacts | undefined {
  if (payload.byteLength !== LOST_BYTES) return undefined;
  const view = new DataView(payload);
  return {
    startErrno: view.getInt32(0, true),
    waitStatus: view.getInt32(4, true),
    retryMs: view.getUint32(8, true),
  };
}
