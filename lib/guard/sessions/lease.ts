import type { ProcessIdentity } from '../processes.js';

/**
 * `active`: its owner lives. `releasing`: `release()` waits for its processes. `orphaned`: its owner has
 * exited, and the session may still run. `leaking`: it was released, or not listed in `reconcile()`, and part
 * of it still runs. All of these count. `released-unverified`: it was released, but its end could not be
 * verified; it no longer counts.
 */
export type LeaseState = 'active' | 'releasing' | 'orphaned' | 'leaking' | 'released-unverified';

/** A lease as stored in the ledger. */
export interface LeaseRecord {
  id: string;
  /** Distinguishes this lease from a later one with the same id. */
  token: string;
  state: LeaseState;
  /** The process that owns the lease; null if it has exited, or the lease has no owner. */
  owner: ProcessIdentity | null;
  /** Slot of the admitting guard, if its own process is the owner; null for any other owner. */
  guardSlot: number | null;
  /** Milliseconds of the machine's monotonic clock, which all processes share. */
  acquiredAtMs: number;
  /** Same clock. */
  touchedAtMs: number;
  /** Bytes of GPU memory that the session is expected to use. */
  expectBytes: number;
  /** Processes that run for this session only. */
  pids: ProcessIdentity[];
  /** Data that the service stores with the lease. */
  data: string | null;
}

/** A read-only view of a lease. */
export interface LeaseInfo {
  id: string;
  state: LeaseState;
  /** Pid of the owner in the owner's pid namespace; null if the lease has no owner. */
  owner: number | null;
  /** Milliseconds since `acquire`. */
  ageMs: number;
  /** Milliseconds since `acquire` or the last `touch()`. */
  idleMs: number;
  /** Bytes of GPU memory. */
  expectBytes: number;
  /** Processes that run for this session only. */
  pids: number[];
  /** Data that the service stores with the lease; see {@link Lease.keep}. */
  data: string | null;
}

/** The result of `release()`. */
export interface ReleaseResult {
  /**
   * `true`: its processes and their GPU memory are verifiably gone. `false`: `survivors` still run; the
   * session still counts. `null`: not known; the session no longer counts, and `verify()` may settle it
   * later.
   */
  released: true | false | null;
  /** Bytes of GPU memory that survivors hold; null if NVML does not say. */
  leakedBytes: number | null;
  /** Pids that still exist. */
  survivors: number[];
}

/** A session's place. It ends with the session, not with the process that took it. */
export interface Lease {
  readonly id: string;
  /** Resets the session's idle time. Almost free; other processes see it within a second. */
  touch(): void;
  /**
   * Names processes that run for this session only. They show whether the session has ended; without them
   * nobody can tell.
   * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_LEASE_ENDED, ERR_GPUPROBE_LEDGER*
   */
  attach(pids: readonly number[]): Promise<void>;
  /**
   * Stores what is needed to end the session, such as the id and PIN from its server. `leases()` returns it,
   * also to another process of the same file, when the service's own record of the session is gone.
   * @param data at most 1024 characters
   * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_LEASE_ENDED, ERR_GPUPROBE_LEDGER*
   */
  keep(data: string): Promise<void>;
  /**
   * Reports that the session has ended: waits for its processes to exit, and returns what was seen. It does
   * not end any process itself. A second call checks again.
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*: then the session still counts
   */
  release(): Promise<ReleaseResult>;
  /**
   * Checks whether the session has ended. For a released session this settles whether its place is free or it
   * counts. For any other session nothing changes.
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*
   */
  verify(): Promise<ReleaseResult>;
}

/** What `acquire()` requests. */
export interface AcquireRequest {
  /** The service's name for the session, at most 256 characters. Takes over an orphaned lease of this id. */
  id: string;
  /** Pid of the process that owns the session. Default: this one. */
  owner?: number;
  /** Bytes of GPU memory that the session will use. Default: the guard's `expectBytes`. */
  expectBytes?: number;
  /** Processes that already run for this session only; see {@link Lease.attach}. */
  pids?: readonly number[];
  /** What is needed to end the session; see {@link Lease.keep}. */
  data?: string;
}
