import type { ProcessIdentity } from '../processes.js';

/**
 * `active`: its owner lives. `releasing`: `release()` waits for its processes. `orphaned`: its owner has ended, and
 * the session may run on. `leaking`: it was released, or left out by `reconcile()`, and something of it still runs.
 * All of these count. `released-unverified`: it was released, nobody can tell yet whether it has ended, and it counts
 * no more.
 */
export type LeaseState = 'active' | 'releasing' | 'orphaned' | 'leaking' | 'released-unverified';

/** A lease as the count has it. */
export interface LeaseRecord {
  id: string;
  /** Tells this lease from a later one of the same id. */
  token: string;
  state: LeaseState;
  /** The process that it belongs to; null when that has ended, or is nobody's any more. */
  owner: ProcessIdentity | null;
  /** Number of the guard with which its owner ends; null where the owner is another process than a guard's own. */
  guardSlot: number | null;
  /** Milliseconds of the machine's monotonic clock, which all its processes share. */
  acquiredAtMs: number;
  /** The same clock. */
  touchedAtMs: number;
  /** GPU memory that the session is expected to take. */
  expectBytes: number;
  /** Processes that run for this session only. */
  pids: ProcessIdentity[];
  /** What the service keeps with it. */
  data: string | null;
}

/** A lease, to be looked at. */
export interface LeaseInfo {
  id: string;
  state: LeaseState;
  /** Pid of the process that it belongs to, in that process's pid namespace; null: nobody's any more. */
  owner: number | null;
  /** Milliseconds since `acquire`. */
  ageMs: number;
  /** Milliseconds since `acquire` or the last `touch()`. */
  idleMs: number;
  /** Bytes of GPU memory. */
  expectBytes: number;
  /** Processes that run for this session only. */
  pids: number[];
  /** What the service keeps with it; see {@link Lease.keep}. */
  data: string | null;
}

/** What `release()` saw. */
export interface ReleaseResult {
  /**
   * `true`: its processes and their GPU memory are seen to be gone. `false`: `survivors` still run; the session still
   * counts. `null`: it cannot be told; the session counts no more, and `verify()` may settle it later.
   */
  released: true | false | null;
  /** Bytes of GPU memory that survivors hold; null where NVML does not say. */
  leakedBytes: number | null;
  /** Pids that are still there. */
  survivors: number[];
}

/** A place among the sessions. It ends with its session, not with the process that took it. */
export interface Lease {
  readonly id: string;
  /** The session is alive: idleness is counted from here. Costs nothing worth counting; others see it within a second. */
  touch(): void;
  /**
   * Names processes that run for this session only. They tell whether the session has ended: without any, nobody can.
   * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_LEASE_ENDED, ERR_GPUPROBE_LEDGER*
   */
  attach(pids: readonly number[]): Promise<void>;
  /**
   * Keeps what it takes to end the session, such as the id and PIN that its server gave it: `leases()` gives it back,
   * also to another process of the same file, when the service's own record of the session is gone.
   * @param data at most 1024 characters
   * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_LEASE_ENDED, ERR_GPUPROBE_LEDGER*
   */
  keep(data: string): Promise<void>;
  /**
   * The session has ended, says its owner: waits for its processes to be gone, and tells what was seen. It ends no
   * process by itself. A second call looks again.
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*: then the session still counts
   */
  release(): Promise<ReleaseResult>;
  /**
   * Looks whether the session has ended. One that was released is settled by that: its place is free, or it counts. One
   * that was not is only looked at.
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*
   */
  verify(): Promise<ReleaseResult>;
}

/** What `acquire()` is told. */
export interface AcquireRequest {
  /** The service's own name for the session; at most 256 characters. A lease of that name which is orphaned is taken over. */
  id: string;
  /** Pid of the process that the session belongs to. Default: this one. */
  owner?: number;
  /** Bytes of GPU memory that the session will take. Default: the guard's `expectBytes`. */
  expectBytes?: number;
  /** Processes that run for this session only, where there are some already; see {@link Lease.attach}. */
  pids?: readonly number[];
  /** What it takes to end the session; see {@link Lease.keep}. */
  data?: string;
}
