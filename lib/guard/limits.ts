import type { IdleSession, LimitName } from '../errors.js';
import type { Breaker } from './breaker.js';
import type { Fault, GpuHealth } from './health.js';

/** The limits of a guard. */
export interface Limits {
  maxSessions: number;
  minFreeBytes: number;
  maxEncoderSessions: number | undefined;
  maxCanaryAgeMs: number;
}

/** What the current leases already use. */
export interface Held {
  sessions: number;
  /** Bytes that sessions have reserved and that NVML does not yet show as used. */
  unseenBytes: number;
  /** Sessions that are too new for NVML to show their encoder. */
  unseenSessions: number;
  longestIdle: IdleSession | undefined;
  /** Sessions whose processes have all exited, and that count until NVML's lists show it. */
  ending: number;
}

/** Why a session is refused, in numbers. `ending`: sessions whose end only NVML has yet to confirm. */
export type Refusal = { dark: boolean } & (
  | {
      limit: 'sessions';
      sessions: number;
      maxSessions: number;
      longestIdle: IdleSession | undefined;
      ending: number;
    }
  | { limit: 'memory'; freeBytes: number; neededBytes: number; longestIdle: IdleSession | undefined }
  | { limit: 'encoder-sessions'; sessions: number; maxSessions: number; longestIdle: IdleSession | undefined }
  | { limit: 'health'; fault: Fault; retryAfterMs: number }
  | { limit: 'canary-age'; ageMs: number | null; because: string | null; retryAfterMs: number }
) & { limit: LimitName };

interface Situation {
  limits: Limits;
  held: Held;
  health: GpuHealth;
  breaker: Pick<Breaker, 'fault'>;
  nowMs: number;
}

/**
 * Returns why one more session is refused; null if it may start. GPU faults come first, because closing a
 * session would not help. A limit is skipped if NVML does not give its reading; the session limit always
 * applies.
 */
export function refusalOf(situation: Situation, expectBytes: number): Refusal | null {
  const dark = situation.health.dark !== null;
  return health(situation, dark) ?? sessions(situation, dark) ?? readings(situation, expectBytes, dark);
}

function health({ limits, health, breaker, nowMs }: Situation, dark: boolean): Refusal | null {
  const retryAfterMs = untilCanaryMs(health, nowMs);
  if (breaker.fault !== null) return { limit: 'health', dark, fault: breaker.fault, retryAfterMs };
  const ageMs = health.wellAtMs === null ? null : nowMs - health.wellAtMs;
  if (ageMs !== null && ageMs <= limits.maxCanaryAgeMs) return null;
  const because =
    health.unseen ??
    health.dark ??
    (health.suspended ? 'a GPU is suspended, and nobody has tried it since' : null);
  return { limit: 'canary-age', dark, ageMs, because, retryAfterMs };
}

/** Assumed when the next canary's time is not known: the monitor's default. */
const CANARY_INTERVAL_MS = 30_000;

/** Returns the expected milliseconds until a canary may change the answer. */
export function untilCanaryMs({ nextCanaryMs }: GpuHealth, nowMs: number): number {
  return nextCanaryMs === null ? CANARY_INTERVAL_MS : Math.max(0, nextCanaryMs - nowMs);
}

/** True if the session is refused only because a GPU is suspended: waking the GPU settles it. */
export const isForWantOfWaking = (refusal: Refusal, { suspended, dark }: GpuHealth): boolean =>
  refusal.limit === 'canary-age' && suspended && dark === null;

function sessions({ limits, held }: Situation, dark: boolean): Refusal | null {
  if (held.sessions < limits.maxSessions) return null;
  const { maxSessions } = limits;
  const { longestIdle, ending } = held;
  return { limit: 'sessions', dark, sessions: held.sessions, maxSessions, longestIdle, ending };
}

function readings({ limits, held, health }: Situation, expectBytes: number, dark: boolean): Refusal | null {
  // Readings from before NVML failed say nothing about now.
  if (dark) return null;
  const { longestIdle } = held;
  const { maxEncoderSessions: maxSessions } = limits;
  if (maxSessions !== undefined && health.encoderSessions !== null) {
    const encoders = health.encoderSessions + held.unseenSessions;
    if (encoders >= maxSessions) {
      return { limit: 'encoder-sessions', dark, sessions: encoders, maxSessions, longestIdle };
    }
  }
  if (health.freeBytes === null) return null;
  const freeBytes = Math.max(0, health.freeBytes - held.unseenBytes);
  const neededBytes = limits.minFreeBytes + expectBytes;
  return freeBytes < neededBytes ? { limit: 'memory', dark, freeBytes, neededBytes, longestIdle } : null;
}
