import { GpuProbeError } from '../errors.js';
import { checkOptions, describeValue, integer, type Kind, text } from '../options.js';
import type { AcquireRequest, LeaseInfo } from './sessions/lease.js';

/** Options for `createGuard()`. Only `maxSessions` has no default. */
export interface GuardOptions {
  /** Concurrent sessions: with 5, the sixth is refused. From 1 to 1000. */
  maxSessions: number;
  /** Number of sessions at which the event `warning` is emitted. Default: one below `maxSessions`. */
  warnAt?: number;
  /** Bytes of GPU memory to keep free, beyond what sessions expect. Default 0. */
  minFreeBytes?: number;
  /** Limit of encoder sessions on the GPU, from all programs. Default: no limit. */
  maxEncoderSessions?: number;
  /** Bytes of GPU memory that a session will use, if `acquire` does not say. Default 0. */
  expectBytes?: number;
  /** Milliseconds for which a successful canary is trusted. Default 120 000: four monitor intervals. */
  maxCanaryAgeMs?: number;
  /** The only GPU for sessions: UUID, else PCI bus id, else `index:N`. Default: any; all must be healthy. */
  device?: string;
  /**
   * A file through which all processes of this machine share one ledger. Created if it does not exist; must
   * be on a local file system, preferably in memory: `/run/NAME/guard`. Default: this guard counts alone.
   */
  file?: string;
  /** Milliseconds to wait for the file's lock. Default 2000. */
  lockTimeoutMs?: number;
  /**
   * Milliseconds for which `release()` waits for the session's processes to exit and for NVML to no longer
   * list them. Default 15 000: the monitor reads NVML's lists every 10 000 (`listsIntervalMs`).
   */
  releaseTimeoutMs?: number;
  /** Link to more information for a user; included in every refusal. */
  helpUrl?: string;
  /**
   * Called with the longest idle session when `maxSessions` is reached. It may end that session and release
   * its lease; return true to try the admission again. Default: nothing is evicted.
   */
  evict?: (candidate: LeaseInfo) => boolean | Promise<boolean>;
}

/** Options with every default filled in. */
export interface ResolvedGuardOptions {
  maxSessions: number;
  warnAt: number;
  minFreeBytes: number;
  maxEncoderSessions: number | undefined;
  expectBytes: number;
  maxCanaryAgeMs: number;
  device: string | undefined;
  file: string | undefined;
  lockTimeoutMs: number;
  releaseTimeoutMs: number;
  helpUrl: string | undefined;
  evict: GuardOptions['evict'];
}

const MOST_SESSIONS = 1000;
const MOST_MS = 3_600_000;
const MOST_PIDS = 64;
const MOST_PID = 2 ** 22;
const MOST_ID_LENGTH = 256;
const MOST_DATA_LENGTH = 1024;

const BYTES = integer(0, Number.MAX_SAFE_INTEGER);
const PID = integer(1, MOST_PID);
const ID = text(MOST_ID_LENGTH);
const DATA: Kind = { ...text(MOST_DATA_LENGTH), isSecret: true };
const IDS: Kind = {
  expected: `a list of at most ${MOST_SESSIONS} ids, each ${ID.expected}`,
  accepts: (value) => Array.isArray(value) && value.length <= MOST_SESSIONS && value.every(ID.accepts),
};
const PIDS: Kind = {
  expected: `a list of at most ${MOST_PIDS} pids`,
  accepts: (value) => Array.isArray(value) && value.length <= MOST_PIDS && value.every(PID.accepts),
};

const OPTION_KINDS: Record<keyof GuardOptions, Kind> = {
  maxSessions: integer(1, MOST_SESSIONS),
  warnAt: integer(1, MOST_SESSIONS),
  minFreeBytes: BYTES,
  maxEncoderSessions: integer(1, MOST_SESSIONS),
  expectBytes: BYTES,
  maxCanaryAgeMs: integer(1, MOST_MS),
  device: text(MOST_ID_LENGTH),
  file: text(4095),
  lockTimeoutMs: integer(1, MOST_MS),
  releaseTimeoutMs: integer(0, MOST_MS),
  helpUrl: text(2048),
  evict: { expected: 'a function', accepts: (value) => typeof value === 'function' },
};

const REQUEST_KINDS: Record<keyof AcquireRequest, Kind> = {
  id: ID,
  owner: PID,
  expectBytes: BYTES,
  pids: PIDS,
  data: DATA,
};

const wrong = (message: string) => new GpuProbeError('ERR_GPUPROBE_INVALID_OPTION', message);

function checkObject(given: object, what: string, kinds: Record<string, Kind>): void {
  if (typeof given !== 'object' || given === null)
    throw wrong(`${what} must be an object with ${Object.keys(kinds).join(', ')}`);
  checkOptions(given, kinds);
}

/** @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION; the message says what is allowed */
export function resolveGuardOptions(options: GuardOptions): ResolvedGuardOptions {
  checkObject(options, 'the options of a guard', OPTION_KINDS);
  const { maxSessions } = options;
  if (maxSessions === undefined) throw wrong(`maxSessions must be ${OPTION_KINDS.maxSessions.expected}`);
  const warnAt = options.warnAt ?? Math.max(1, maxSessions - 1);
  if (warnAt > maxSessions) throw wrong(`warnAt must be at most maxSessions (${maxSessions}), not ${warnAt}`);
  return {
    maxSessions,
    warnAt,
    minFreeBytes: options.minFreeBytes ?? 0,
    maxEncoderSessions: options.maxEncoderSessions,
    expectBytes: options.expectBytes ?? 0,
    maxCanaryAgeMs: options.maxCanaryAgeMs ?? 120_000,
    device: options.device,
    file: options.file,
    lockTimeoutMs: options.lockTimeoutMs ?? 2000,
    releaseTimeoutMs: options.releaseTimeoutMs ?? 15_000,
    helpUrl: options.helpUrl,
    evict: options.evict,
  };
}

/** @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION */
export function checkRequest(request: AcquireRequest): void {
  checkObject(request, 'what to acquire', REQUEST_KINDS);
  if (request.id === undefined) throw wrong(`id must be ${REQUEST_KINDS.id.expected}`);
}

/** @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION */
export function checkPids(pids: readonly number[]): void {
  if (!PIDS.accepts(pids)) throw wrong(`pids must be ${PIDS.expected}, not ${describeValue(pids)}`);
}

/** @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION */
export function checkData(data: string): void {
  if (!DATA.accepts(data)) throw wrong(`data must be ${DATA.expected}`);
}

/** @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION */
export function checkIds(ids: readonly string[]): Set<string> {
  if (!IDS.accepts(ids)) throw wrong(`activeIds must be ${IDS.expected}`);
  return new Set(ids);
}
