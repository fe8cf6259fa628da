/**
 * Every error that gpuprobe throws, in one table: the code, and what the reader can do. The README's list is
 * generated from it.
 */
export const ERRORS = {
  ERR_GPUPROBE_INVALID_OPTION: 'An option has a value that is not allowed; the message says which are.',
  ERR_GPUPROBE_ADDON_NOT_FOUND:
    'The native addon could not be loaded: no prebuild for this platform, or the clone is not built.',
  ERR_GPUPROBE_WARDEN_START:
    'The helper process gpuprobe-warden could not be started (missing file, lost x bit, noexec mount).',
  ERR_GPUPROBE_WARDEN_LOST: 'The helper process gpuprobe-warden ended during a probe.',
  ERR_GPUPROBE_WARDEN_BACKOFF:
    'The helper process gpuprobe-warden ended several times in a row; `retryAfterMs` says when it is started again.',
  ERR_GPUPROBE_SCENARIO_UNKNOWN: 'There is no built-in scenario and no file of that name.',
  ERR_GPUPROBE_SCENARIO_INVALID: 'The scenario file is invalid; the message names the line and the field.',
  ERR_GPUPROBE_SIMULATION:
    'A simulated machine could not be started, found or changed: it has ended, or there is no memory for it.',
  ERR_GPUPROBE_SIMULATOR_NOT_FOUND: 'The simulated driver libraries are not beside the addon.',
  ERR_GPUPROBE_SOURCE:
    'A driver source could not be opened: no memory or thread is left, or there are too many different sources.',
  ERR_GPUPROBE_THREAD_SOURCE: 'Isolation "thread" is already in use for another driver in this process.',
  ERR_GPUPROBE_INTERNAL: 'An error in gpuprobe itself; `cause` has it. Please report it.',
  ERR_GPUPROBE_CLOSED: 'This GpuProbe or guard was closed. Create a new one.',
  ERR_GPUPROBE_LIMIT:
    'A guard refused a session: `limit` is the limit that was reached, `longestIdle` the session to close first.',
  ERR_GPUPROBE_UNHEALTHY:
    'A guard refused a session: the next GPU work would fail, or the last canary is too old; `retryAfterMs` says when the next one has answered.',
  ERR_GPUPROBE_LEASE_HELD:
    'A session with this id already has a lease, and the process that acquired it is alive.',
  ERR_GPUPROBE_LEASE_ENDED: 'The lease has ended; its session cannot be changed.',
  ERR_GPUPROBE_LEDGER:
    "The guard's file could not be opened, locked, read or written; the message has the reason and a remedy.",
  ERR_GPUPROBE_LEDGER_BUSY:
    "Another process held the lock of the guard's file for too long: it may be stopped. Nothing was changed.",
  ERR_GPUPROBE_LEDGER_CORRUPT:
    "The guard's file is damaged. No session is admitted until it is removed; running guards then write their leases again.",
} as const;

/** Stable across releases. */
export type ErrorCode = keyof typeof ERRORS;

/** The limit at which a guard refused. */
export type LimitName = 'sessions' | 'memory' | 'encoder-sessions' | 'health' | 'canary-age';

/** The session that has been idle for longest: the one to close first. */
export interface IdleSession {
  /** As passed to `acquire`. */
  id: string;
  /** Milliseconds since `acquire` or the last `touch()`. */
  idleMs: number;
}

/** Details of some errors. */
export interface ErrorDetails {
  /** The system's error. */
  cause?: unknown;
  /** Milliseconds until the next attempt. */
  retryAfterMs?: number | undefined;
  /** The limit at which a guard refused. */
  limit?: LimitName;
  /** Link to more information for a user. */
  helpUrl?: string | undefined;
  /** The session to ask for its place. */
  longestIdle?: IdleSession | undefined;
}

/** The only error class: `code` is stable, `cause` is the system's error. */
export class GpuProbeError extends Error {
  readonly code: ErrorCode;
  /** Milliseconds until the next attempt (ERR_GPUPROBE_WARDEN_BACKOFF, ERR_GPUPROBE_UNHEALTHY). */
  readonly retryAfterMs: number | undefined;
  /** The limit at which a guard refused (ERR_GPUPROBE_LIMIT, ERR_GPUPROBE_UNHEALTHY). */
  readonly limit: LimitName | undefined;
  /** Link to more information for a user of the service: the guard's option of that name. */
  readonly helpUrl: string | undefined;
  /** The longest idle session (ERR_GPUPROBE_LIMIT). */
  readonly longestIdle: IdleSession | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.name = 'GpuProbeError';
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.limit = details.limit;
    this.helpUrl = details.helpUrl;
    this.longestIdle = details.longestIdle;
  }
}
