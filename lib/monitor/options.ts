import { checkOptions, integer, type Kind } from '../options.js';
import { KINDS, type ProbeOptions, type ResolvedOptions, resolveOptions } from '../probe/options.js';

/**
 * Receives the log lines about broken monitoring: `console`, pino, winston, or any object with functions
 * `error` and `info` for one string.
 */
export interface Logger {
  /** Called when monitoring breaks, and when a listener throws. */
  error(message: string): void;
  /** Called when monitoring works again. */
  info(message: string): void;
}

/** Options for `createGpuProbe()`. Every option has a default. */
export interface GpuProbeOptions extends ProbeOptions {
  /** Milliseconds for which `check()` returns the last report again. Default 2000. */
  ttlMs?: number;
  /** Like `ttlMs`, after a look without readings. Default: `ttlMs`. */
  failureTtlMs?: number;
  /** Milliseconds between polls of device nodes and readings. Default: `ttlMs`. */
  intervalMs?: number;
  /** Milliseconds between polls of the process and encoder lists, which hold driver locks. Default 10 000. */
  listsIntervalMs?: number;
  /** Milliseconds between canaries: NVML and CUDA opened afresh, a context on each GPU. Default 30 000. */
  canaryIntervalMs?: number;
  /** Longest interval, in milliseconds, while the driver does not answer or crashes. Default 20 000. */
  maxBackoffMs?: number;
  /** Milliseconds after which readings are stale. Default: three times `intervalMs`. */
  staleAfterMs?: number;
  /** Milliseconds after which readings expire: `latest().report` is null. Default: 5 times `staleAfterMs`. */
  expireAfterMs?: number;
  /** Number of earlier looks kept for comparison. Default 512. */
  historySize?: number;
  /** Receives a line when monitoring breaks and one when it works again. Default `console`; `false`: none. */
  logger?: Logger | false;
}

/** Options with every default filled in. */
export interface ResolvedGpuProbeOptions {
  probe: ResolvedOptions;
  ttlMs: number;
  failureTtlMs: number;
  intervalMs: number;
  listsIntervalMs: number;
  canaryIntervalMs: number;
  maxBackoffMs: number;
  staleAfterMs: number;
  expireAfterMs: number;
  historySize: number;
  logger: Logger | null;
}

const DAY_MS = 86_400_000;
const TTL_MS = 2_000;
const LISTS_INTERVAL_MS = 10_000;
const CANARY_INTERVAL_MS = 30_000;
/** With a deadline of 5 s, what is known about a hung driver is refreshed before it expires. */
const MAX_BACKOFF_MS = 20_000;
const HISTORY_SIZE = 512;

/** Shorter intervals would load the driver, which needs milliseconds to answer. */
const LEAST_INTERVAL_MS = 10;
const interval = integer(LEAST_INTERVAL_MS, DAY_MS);

function isLogger(value: unknown): boolean {
  if (value === false) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { error, info } = value as Record<string, unknown>;
  return typeof error === 'function' && typeof info === 'function';
}

const OWN_KINDS: Record<Exclude<keyof GpuProbeOptions, keyof ProbeOptions>, Kind> = {
  ttlMs: integer(0, DAY_MS),
  failureTtlMs: integer(0, DAY_MS),
  intervalMs: interval,
  listsIntervalMs: interval,
  canaryIntervalMs: interval,
  maxBackoffMs: interval,
  staleAfterMs: interval,
  expireAfterMs: interval,
  historySize: integer(16, 65_536),
  logger: { expected: 'an object with the functions error and info, or false', accepts: isLogger },
};

/**
 * Checks every option and fills in the defaults.
 * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION; the message says what is allowed
 */
export function resolveGpuProbeOptions(options: GpuProbeOptions): ResolvedGpuProbeOptions {
  checkOptions(options, { ...KINDS, ...OWN_KINDS });
  const { logger, ttlMs = TTL_MS } = options;
  const intervalMs = options.intervalMs ?? Math.max(ttlMs, LEAST_INTERVAL_MS);
  const staleAfterMs = options.staleAfterMs ?? 3 * intervalMs;
  const ofProbe = Object.entries(options).filter(([name]) => !Object.hasOwn(OWN_KINDS, name));
  return {
    probe: resolveOptions(Object.fromEntries(ofProbe)),
    ttlMs,
    failureTtlMs: options.failureTtlMs ?? ttlMs,
    intervalMs,
    listsIntervalMs: options.listsIntervalMs ?? LISTS_INTERVAL_MS,
    canaryIntervalMs: options.canaryIntervalMs ?? CANARY_INTERVAL_MS,
    maxBackoffMs: options.maxBackoffMs ?? MAX_BACKOFF_MS,
    staleAfterMs,
    expireAfterMs: Math.max(options.expireAfterMs ?? 5 * staleAfterMs, staleAfterMs),
    historySize: options.historySize ?? HISTORY_SIZE,
    logger: logger === false ? null : (logger ?? console),
  };
}
