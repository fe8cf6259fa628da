import type { Layout } from './binding.js';
import { decodeFrame, type Records } from './records.js';

/** One answered question (`probes::CheckRecord`). */
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

/** Why no warden answers (`wire::LostRecord`): an errno of starting it, else how the last one ended. */
export interface LostFacts {
  startErrno: number;
  waitStatus: number;
  /** Not 0: none was started, and none will be for so long. */
  retryMs: number;
}

/** Something that happened in the driver (`probes::EventRecord`). */
export interface EventFacts {
  /** `xid`, or `listening`: nothing has happened; what happens from now on will be told. */
  kind: string;
  code: number;
  /** UUID; '' where it is not known. */
  device: string;
  simulated: boolean;
}

/** A GPU as CUDA lists it (`probes::CudaDeviceRecord`). */
export interface CudaDeviceFacts {
  /** '' where this driver's CUDA tells none (before 410). */
  uuid: string;
  /** With a four-digit domain; '' where it could not be read. */
  pciBusId: string;
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

/** Undefined when the payload is no such record. */
export function decodeNodes(payload: ArrayBuffer, layout: Layout): NodesFacts | undefined {
  const record = decodeFrame(layout, 'nodes', payload);
  if (record === undefined) return undefined;
  const { moduleLoaded, wsl, kernelDriverVersion, gpus, gpuSleeps, nodes } = record;
  const asleep = gpus.filter((_, i) => gpuSleeps[i] === true);
  return { moduleLoaded, wsl, kernelDriverVersion, gpus, asleep, nodes: nodes.map(toNode) };
}

/** Undefined when the payload is no such record. */
export function decodeLibrary(payload: ArrayBuffer, layout: Layout): LibraryFacts | undefined {
  const record = decodeFrame(layout, 'library', payload);
  if (record === undefined) return undefined;
  const { symbolCount: _, present, ...facts } = record;
  const symbols = layout.names.symbols[facts.library] ?? [];
  return { ...facts, symbols: symbols.map((symbol, i) => ({ ...symbol, present: present[i] === true })) };
}
