/**
 * Every error gpuprobe throws, in one table: the code, and what a reader can do about it. README lists
 * them from here.
 */
export const ERRORS = {
  ERR_GPUPROBE_INVALID_OPTION: 'An option has a value that is not allowed; the message says which are.',
  ERR_GPUPROBE_ADDON_NOT_FOUND:
    'The native addon could not be loaded: no prebuild for this platform, or the clone is not built.',
  ERR_GPUPROBE_WARDEN_START:
    'The helper process gpuprobe-warden could not be started (missing file, lost x bit, noexec mount).',
  ERR_GPUPROBE_WARDEN_LOST: 'The helper process gpuprobe-warden ended while a probe was in flight.',
  ERR_GPUPROBE_WARDEN_BACKOFF:
    'The helper process gpuprobe-warden ended several times in a row and is not started again yet; `retryAfterMs` says when.',
  ERR_GPUPROBE_SCENARIO_UNKNOWN: 'No built-in scenario has that name, and no file is there.',
  ERR_GPUPROBE_SCENARIO_INVALID:
    'The scenario file is not a scenario; the message names the line and the field.',
  ERR_GPUPROBE_SIMULATION:
    'A simulated machine could not be started, found or changed: it has ended, or there is no room for it.',
  ERR_GPUPROBE_SIMULATOR_NOT_FOUND: 'The simulated driver libraries are not beside the addon.',
  ERR_GPUPROBE_SOURCE:
    'A driver source could not be opened: no memory or thread to be had, or too many different sources.',
  ERR_GPUPROBE_THREAD_SOURCE:
    'isolation "thread" already runs on another driver: a process is real or one scenario for good.',
} as const;

/** Stable across releases. */
export type ErrorCode = keyof typeof ERRORS;

/** The one error class: `code` is stable, `cause` is what the system said. */
export class GpuProbeError extends Error {
  readonly code: ErrorCode;
  /** Milliseconds after which it is tried again (ERR_GPUPROBE_WARDEN_BACKOFF). */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(message, options);
    this.name = 'GpuProbeError';
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }
}
