/**
 * The report, schema version 1: what a probe saw and what follows from it. The published JSON Schema
 * (`gpuprobe/report.schema.json`) is generated from these types.
 */

import type { CheckId } from '../native/catalog.gen.js';
import type { Device } from './report-device.js';

export type { CheckId } from '../native/catalog.gen.js';
export type * from './report-device.js';

/**
 * The asker. `layer0`: the kernel, without entering the driver. `telemetry`: the process that keeps NVML
 * open. `fresh`: a process that opened the driver for this check, as the next *process* will. `warm`: a
 * process that opened CUDA earlier, as the next *session of a running server* will. `thread`: this process.
 */
export type Via = 'layer0' | 'telemetry' | 'fresh' | 'warm' | 'thread';

/**
 * `failed`: returned an error. `timeout`: no answer within the deadline. `crashed`: the asking process died.
 * `skipped`: left out on purpose, `detail` gives the reason. `unsupported`: this machine or driver does not
 * have it. `not-probed`: could not be checked, which says nothing about the GPU.
 */
export type Outcome = 'ok' | 'failed' | 'timeout' | 'crashed' | 'skipped' | 'unsupported' | 'not-probed';

/** One question and its answer. */
export interface Check {
  id: CheckId;
  /** The GPU's UUID, else its PCI bus id, else `index:N`; null for the machine. */
  device: string | null;
  via: Via;
  outcome: Outcome;
  /** nvmlReturn_t, CUresult, errno, signal or exit status, depending on `name`; null if there is none. */
  code: number | null;
  /** `NVML_ERROR_…`, `CUDA_ERROR_…`, an errno or signal name; null if the code has no name. */
  name: string | null;
  /** The driver function, and anything known beyond the code, in words. */
  detail: string | null;
  /** Milliseconds, including the wait for a call that did not return. */
  durationMs: number;
}

/** Major and minor number of a device. */
export interface DeviceNumbers {
  major: number;
  minor: number;
}

/** A device node as a new open would find it. */
export interface DeviceNode {
  path: string;
  /** errno of access(R_OK|W_OK), or of stat() if the node does not exist; null if it can be opened. */
  code: number | null;
  /**
   * `EPERM`: refused by a device cgroup. `EACCES`: file permissions. `ENOENT`: no node. `ENODEV`: the node is
   * not NVIDIA's device.
   */
  name: string | null;
  /** Numbers from stat(), if the node is a character device but not NVIDIA's. */
  device?: DeviceNumbers;
  /** Numbers of NVIDIA's device of that name in /proc/devices; only if the node is not NVIDIA's. */
  expected?: DeviceNumbers;
  /** Owner and mode, if file permissions refuse access. */
  permissions?: { uid: number; gid: number; mode: number };
}

/** An error that the driver reported when it happened (nvmlEventTypeXidCriticalError). */
export interface XidEvent {
  /** https://docs.nvidia.com/deploy/xid-errors/ */
  code: number;
  /** As in {@link Check.device}; null if the driver did not say. */
  device: string | null;
  /** ISO 8601, UTC: time of receipt. */
  at: string;
}

/** The container runtime, as far as it is visible from inside. */
export type ContainerRuntime =
  | 'docker'
  | 'podman'
  | 'containerd'
  | 'cri-o'
  | 'lxc'
  | 'systemd-nspawn'
  | 'gvisor';

/** File descriptors; null if they could not be counted. */
export interface OpenFiles {
  /** Open in this process. */
  open: number | null;
  /** Soft limit of RLIMIT_NOFILE. */
  limit: number | null;
  /** Open in the whole system (/proc/sys/fs/file-nr). */
  systemOpen: number | null;
  systemLimit: number | null;
}

/** The machine below the driver, and what this process may access. */
export interface Host {
  hostname: string;
  container: boolean;
  /** Null outside of containers, and if the runtime is not recognized. */
  containerRuntime: ContainerRuntime | null;
  /** True in a Kubernetes pod. */
  kubernetes: boolean;
  /** True if this process is in its own user namespace, as in a rootless container. */
  userNamespace: boolean;
  /** Numeric ids of this process, with supplementary `groups`; null if the platform has none. */
  user: { uid: number; gid: number; groups: number[] } | null;
  /** This process's variables that decide its access to the GPU; unset ones are missing. */
  environment: Record<string, string>;
  openFiles: OpenFiles;
  /** Rules of this process's version 1 device cgroup (`devices.list`); null if they cannot be read. */
  deviceRules: string[] | null;
  /** From /proc/driver/nvidia/version; null without the module, or if it is not readable. */
  kernelDriverVersion: string | null;
  /** True if the NVIDIA kernel module is loaded (`/sys/module/nvidia`). */
  kernelModule: boolean;
  /** True in the Windows Subsystem for Linux: the driver is that of Windows, behind `/dev/dxg`. */
  wsl: boolean;
  /** PCI bus ids of the GPUs in the kernel driver's list. */
  kernelGpus: string[];
  /** As found by the last look: in `access-revoked` the later one counts. */
  deviceNodes: DeviceNode[];
}

/** Versions reported by the libraries. */
export interface Driver {
  /** nvmlSystemGetDriverVersion. */
  version: string | null;
  /** nvmlSystemGetNVMLVersion: the library's own. */
  nvmlVersion: string | null;
  /** nvmlSystemGetCudaDriverVersion, `12.2`. */
  cudaVersion: string | null;
  /** The loaded library files, looked up only if one of their checks failed; otherwise null. */
  libraries: DriverLibrary[] | null;
}

/** A driver library, as the dynamic linker finds it for a process that gpuprobe starts. */
export interface DriverLibrary {
  soname: string;
  /** The file, with symbolic links resolved; null if none could be loaded. */
  path: string | null;
  /** The driver version in the file name, for example `570.86.10`; null if there is none. */
  version: string | null;
  /** The dynamic linker's message, or the first missing required function; null if the library is usable. */
  error: string | null;
}

/**
 * What a finding means for GPU work. `starts`: can new work start? `watching`: can the GPU be watched?
 * `running`: what happens to running work? `unknown`: gpuprobe could not check.
 */
export interface Impact {
  starts: 'blocked' | 'at-risk' | 'unaffected' | 'unknown';
  watching: 'broken' | 'degraded' | 'unaffected' | 'unknown';
  running: 'lost' | 'degraded' | 'unaffected' | 'unknown';
}

/** The least disruptive action that helps. */
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

/** How much a finding affects. */
export type Scope = 'process' | 'container' | 'gpu' | 'machine' | 'fabric';

/** The verdict's two questions, answered separately. */
export interface Answers {
  /** Can this process's next GPU work start? */
  starts: 'yes' | 'at-risk' | 'no' | 'unknown';
  /** Is the GPU watched? */
  watching: 'yes' | 'degraded' | 'no' | 'unknown';
}

/**
 * Follows from the impact: `blocked`, `broken` and `lost` are critical, `at-risk` and `degraded` are
 * warnings. `critical` makes the verdict `failed`, `warning` makes it `degraded`, `info` does not change it.
 */
export type Severity = 'info' | 'warning' | 'critical';

/** `proven`: the evidence allows nothing else. `likely`, `possible`: it fits, but other causes may too. */
export type Confidence = 'proven' | 'likely' | 'possible';

/** A possible cause, separate from the observations. */
export interface Inference {
  cause: string;
  confidence: Confidence;
  because: string;
}

/** Something a person should know; observations and inferences are separate. */
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
  /** In the order in which to try them. */
  remedy: string[];
}

/**
 * Can this process's next GPU work start and be watched? `failed`: no (a critical finding). `degraded`: yes,
 * with a warning. `unknown`: gpuprobe could not check. `ok`: yes.
 */
export type Verdict = 'ok' | 'degraded' | 'failed' | 'unknown';

/** The parts of a look; a monitor runs each at its own interval. */
export type Part = 'nodes' | 'telemetry' | 'lists' | 'canary';

/** What was seen, before any judgement: the output of `lib/probe` and the input of `lib/verdict`. */
export interface Facts {
  schemaVersion: 1;
  /** True if a simulated driver answered, however it was loaded. */
  simulated: boolean;
  /** ISO 8601, UTC. */
  takenAt: string;
  /**
   * Time of each part, ISO 8601, UTC; null if it did not run. A monitor runs canaries and lists less often.
   */
  parts: Record<Part, string | null>;
  durationMs: number;
  host: Host;
  driver: Driver;
  checks: Check[];
  devices: Device[];
  /** Events since the last report, oldest first; null if nobody listened, as in a one-shot probe. */
  xids: XidEvent[] | null;
}

/** Facts, findings and the verdict. */
export interface Report extends Facts {
  findings: Finding[];
  answers: Answers;
  verdict: Verdict;
}
