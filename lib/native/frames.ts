import type { Records } from './catalog.gen.js';
import type { Layout } from './layout.js';
import { decodeFrame } from './records.js';

/** The answer to one check (`probes::CheckRecord`). */
export interface CheckFacts {
  check: string;
  outcome: string;
  via: string;
  /** UUID, `index:N`, or '' for the machine. */
  device: string;
  /** The kind of `code`: `none`, `errno`, `nvml`, `cuda`, `signal`, `exit` or `probe`. */
  api: string;
  code: number;
  /** The driver function that answered or has not returned; '' for none. */
  driverFunction: string;
  /** The library's own message; '' for none. */
  detail: string;
  simulated: boolean;
  durationMs: number;
}

/** Why no warden answers (`wire::LostRecord`): an errno from starting it, else how the last one ended. */
export interface LostFacts {
  startErrno: number;
  waitStatus: number;
  /** If not 0, none was started, and none will be for this many milliseconds. */
  retryMs: number;
}

/** An event in the driver (`probes::EventRecord`). */
export interface EventFacts {
  /** `xid`, or `listening`: nothing has happened; what happens from now on will be told. */
  kind: string;
  code: number;
  /** UUID; '' if it is not known. */
  device: string;
  simulated: boolean;
}

/** A GPU as CUDA lists it (`probes::CudaDeviceRecord`). */
export interface CudaDeviceFacts {
  /** '' if this driver's CUDA gives none (before 410). */
  uuid: string;
  /** With a four-digit domain; '' if it could not be read. */
  pciBusId: string;
}

/** What the kernel says about the driver (`driver::NodesFacts`). */
export interface NodesFacts {
  moduleLoaded: boolean;
  wsl: boolean;
  /** '' if it is not readable. */
  kernelDriverVersion: string;
  /** PCI bus ids with the kernel's four-digit domain. */
  gpus: string[];
  /** Those GPUs that runtime power management has suspended. */
  asleep: string[];
  nodes: NodeFacts[];
}

/** Major and minor number of a device. */
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
  /** Numbers of the node, if it is a character device. */
  device?: DeviceNumbers;
  /** Numbers of NVIDIA's device of that name, if /proc/devices lists it. */
  expected?: DeviceNumbers;
}

/** A driver library, and which of the functions that gpuprobe calls it has (`probes::LibraryRecord`). */
export interface LibraryFacts {
  /** `probes::LibraryId`. */
  library: number;
  loaded: boolean;
  /** True if it has all required functions. */
  usable: boolean;
  simulated: boolean;
  /** '' if it could not be opened. */
  path: string;
  /** The dynamic linker's message, or the first missing required function; '' if it is usable. */
  error: string;
  symbols: { name: string; required: boolean; since: number; present: boolean }[];
}

function toNode(node: Records['node']): NodeFacts {
  const { path, statErrno, accessErrno, major, minor } = node;
  const expected = { major: node.expectedMajor, minor: node.expectedMinor };
  return {
    path,
    statErrno,
    accessErrno,
    ...(node.characterDevice ? { device: { major, minor } } : {}),
    ...(node.expectedKnown ? { expected } : {}),
  };
}

/** Returns undefined if the payload is not such a record. */
export function decodeNodes(payload: ArrayBuffer, layout: Layout): NodesFacts | undefined {
  const record = decodeFrame(layout, 'nodes', payload);
  if (record === undefined) return undefined;
  const { moduleLoaded, wsl, kernelDriverVersion, gpus, gpuSleeps, nodes } = record;
  const asleep = gpus.filter((_, i) => gpuSleeps[i] === true);
  return { moduleLoaded, wsl, kernelDriverVersion, gpus, asleep, nodes: nodes.map(toNode) };
}

/** Returns undefined if the payload is not such a record. */
export function decodeLibrary(payload: ArrayBuffer, layout: Layout): LibraryFacts | undefined {
  const record = decodeFrame(layout, 'library', payload);
  if (record === undefined) return undefined;
  const { symbolCount: _, present, ...facts } = record;
  const symbols = layout.names.symbols[facts.library] ?? [];
  return { ...facts, symbols: symbols.map((symbol, i) => ({ ...symbol, present: present[i] === true })) };
}
