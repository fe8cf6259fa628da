/**
 * The report, schema version 1: what a probe saw, and what follows from it. The JSON Schema that ships
 * (`gpuprobe/report.schema.json`) is generated from these types.
 */

import type { CheckId } from './check-ids.js';
import type { Device } from './report-device.js';

export type { CheckId } from './check-ids.js';
export type * from './report-device.js';

/**
 * Who asked. `layer0`: the kernel, without entering the driver. `telemetry`: the process that keeps NVML
 * open. `fresh`: a process that opened the driver for this check, as the next *process* will. `warm`: a
 * process that opened CUDA earlier, as the next *session of a running server* will. `thread`: this process.
 */
export type Via = 'layer0' | 'telemetry' | 'fresh' | 'warm' | 'thread';

/**
 * `failed`: answered with an error. `timeout`: has not answered within the deadline. `crashed`: ended the
 * process that asked. `skipped`: left out on purpose, `detail` says why. `unsupported`: this machine or
 * driver has no such thing. `not-probed`: could not be asked, which says nothing about the GPU.
 */
export type Outcome = 'ok' | 'failed' | 'timeout' | 'crashed' | 'skipped' | 'unsupported' | 'not-probed';

/** One question and its answer. */
export interface Check {
  id: CheckId;
  /** The GPU's UUID, else its PCI bus id, else `index:N`; null for the machine. */
  device: string | null;
  via: Via;
  outcome: Outcome;
  /** nvmlReturn_t, CUresult, errno, signal or exit status, as `name` tells; null when there is none. */
  code: number | null;
  /** `NVML_ERROR_…`, `CUDA_ERROR_…`, an errno or signal name; null when the number has no name. */
  name: string | null;
  /** The driver function and what is known beyond the code, in words. */
  detail: string | null;
  /** Milliseconds, including the wait of a call that did not return. */
  durationMs: number;
}

/** A device's numbers: which driver it belongs to, and which of its devices it is. */
export interface DeviceNumbers {
  major: number;
  minor: number;
}

/** A device node as a fresh open would meet it. */
export interface DeviceNode {
  path: string;
  /** errno of access(R_OK|W_OK), or of stat() where the node is not there; null when it may be opened. */
  code: number | null;
  /**
   * `EPERM`: a device cgroup refuses. `EACCES`: file permissions. `ENOENT`: no node. `ENODEV`: what has that name is
   * not NVIDIA's device.
   */
  name: string | null;
  /** What stat() says that it is, where it is a character device and not NVIDIA's. */
  device?: DeviceNumbers;
  /** What NVIDIA's device of that name is to the kernel, by /proc/devices; only of a node that is not NVIDIA's. */
  expected?: DeviceNumbers;
  /** Whose it is and what they may do, where file permissions refuse it. */
  permissions?: { uid: number; gid: number; mode: number };
}

/** An error that the driver reported as it happened (nvmlEventTypeXidCriticalError). */
export interface XidEvent {
  /** https://docs.nvidia.com/deploy/xid-errors/ */
  code: number;
  /** As in {@link Check.device}; null where the driver did not say. */
  device: string | null;
  /** ISO 8601, UTC: when it was received. */
  at: string;
}

/** What runs the container, as far as it shows from inside. */
export type ContainerRuntime =
  | 'docker'
  | 'podman'
  | 'containerd'
  | 'cri-o'
  | 'lxc'
  | 'systemd-nspawn'
  | 'gvisor';

/** File descriptors; null where it could not be counted. */
export interface OpenFiles {
  /** Of this process. */
  open: number | null;
  /** RLIMIT_NOFILE, soft. */
  limit: number | null;
  /** Of the whole system, as all limits here (/proc/sys/fs/file-nr). */
  systemOpen: number | null;
  systemLimit: number | null;
}

/** The machine below the driver, and what this process may have of it. */
export interface Host {
  hostname: string;
  container: boolean;
  /** Null outside of containers, and where nothing names it. */
  containerRuntime: ContainerRuntime | null;
  /** In a Kubernetes pod. */
  kubernetes: boolean;
  /** This process is in a user namespace of its own, as in a rootless container. */
  userNamespace: boolean;
  /** Numeric ids of this process, `groups` the further ones; null where there are none. */
  user: { uid: number; gid: number; groups: number[] } | null;
  /** Those of this process's variables that decide what of the GPU it gets; one that is not set is not here. */
  environment: Record<string, string>;
  openFiles: OpenFiles;
  /** What this process's device cgroup of version 1 allows (`devices.list`); null where it cannot be read. */
  deviceRules: string[] | null;
  /** From /proc/driver/nvidia/version; null without the module or where it is not readable. */
  kernelDriverVersion: string | null;
  /** The NVIDIA kernel module is loaded (`/sys/module/nvidia`). */
  kernelModule: boolean;
  /** Windows Subsystem for Linux: the driver is Windows' own, behind `/dev/dxg`. */
  wsl: boolean;
  /** PCI bus ids of the GPUs that the kernel driver lists. */
  kernelGpus: string[];
  /** The last look: in `access-revoked` the later one tells. */
  deviceNodes: DeviceNode[];
}

/** Versions as the libraries give them. */
export interface Driver {
  /** nvmlSystemGetDriverVersion. */
  version: string | null;
  /** nvmlSystemGetNVMLVersion: the library's own. */
  nvmlVersion: string | null;
  /** nvmlSystemGetCudaDriverVersion, `12.2`. */
  cudaVersion: string | null;
  /** The files behind them, looked up only where a check of theirs failed; else null. */
  libraries: DriverLibrary[] | null;
}

/** One of the driver's libraries, as the dynamic linker finds it for a process that gpuprobe starts. */
export interface DriverLibrary {
  soname: string;
  /** The file, with symbolic links resolved; null where none could be loaded. */
  path: string | null;
  /** The driver's version that is in the file's name, `570.86.10`; null where none is. */
  version: string | null;
  /** The dynamic linker's words, or the first required function that is missing; null when it is usable. */
  error: string | null;
}

/**
 * What a finding means for GPU work. `starts`: can new work start? `watching`: can the GPU be watched? `running`: what
 * becomes of work that runs? `unknown`: gpuprobe could not look.
 */
export interface Impact {
  starts: 'blocked' | 'at-risk' | 'unaffected' | 'unknown';
  watching: 'broken' | 'degraded' | 'unaffected' | 'unknown';
  running: 'lost' | 'degraded' | 'unaffected' | 'unknown';
}

/** The least that helps. */
export type Action =
  | 'none'
  | 'wait'
  | 'free-resources'
  | 'fix-config'
  | 'restart-app'
  | 'restart-container'
  | 'reset-gpu'
  | 'reboot'
  | 'replace';

/** How far a finding reaches. */
export type Scope = 'process' | 'container' | 'gpu' | 'machine' | 'fabric';

/** The two questions of the verdict, apart. */
export interface Answers {
  /** Can this process's next GPU work start? */
  starts: 'yes' | 'at-risk' | 'no' | 'unknown';
  /** Is the GPU watched? */
  watching: 'yes' | 'degraded' | 'no' | 'unknown';
}

/**
 * Follows from the impact: `blocked`, `broken` and `lost` are critical, `at-risk` and `degraded` are warnings. `critical`
 * makes the verdict `failed`, `warning` makes it `degraded`, `info` changes nothing.
 */
export type Severity = 'info' | 'warning' | 'critical';

/** `proven`: the evidence allows nothing else. `likely`, `possible`: it fits, and so may others. */
export type Confidence = 'proven' | 'likely' | 'possible';

/** What may have caused it, apart from what was seen. */
export interface Inference {
  cause: string;
  confidence: Confidence;
  because: string;
}

/** Something a person should know, with what was observed kept apart from what is inferred. */
export interface Finding {
  /** Stable: `gpuprobe explain ID`. */
  id: string;
  severity: Severity;
  impact: Impact;
  action: Action;
  scope: Scope;
  /** As in {@link Check.device}. */
  device: string | null;
  summary: string;
  observed: string[];
  inferred: Inference[];
  /** In the order to try them. */
  remedy: string[];
}

/**
 * Can this process's next GPU work start and be watched? `failed`: no (a critical finding). `degraded`:
 * yes, with a warning. `unknown`: gpuprobe could not look. `ok`: yes.
 */
export type Verdict = 'ok' | 'degraded' | 'failed' | 'unknown';

/** The parts of a look, each with a cadence of its own in a monitor. */
export type Part = 'nodes' | 'telemetry' | 'lists' | 'canary';

/** What was seen, before any judgement: what `lib/probe` hands to `lib/verdict`. */
export interface Facts {
  schemaVersion: 1;
  /** True when a simulated driver answered, however it came to be loaded. */
  simulated: boolean;
  /** ISO 8601, UTC. */
  takenAt: string;
  /** When each part was taken, ISO 8601 in UTC; null: not at all. A monitor's canaries and lists are taken less often. */
  parts: Record<Part, string | null>;
  durationMs: number;
  host: Host;
  driver: Driver;
  checks: Check[];
  devices: Device[];
  /** Those since the last report, oldest first; null where nobody listened, as in a single look. */
  xids: XidEvent[] | null;
}

/** Facts, findings and the verdict. */
export interface Report extends Facts {
  findings: Finding[];
  answers: Answers;
  verdict: Verdict;
}
