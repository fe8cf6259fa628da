import type { LimitName } from '../errors.js';
import type { Breaker, BreakerState } from './breaker.js';
import type { Fault } from './health.js';
import { isForWantOfWaking, untilCanaryMs } from './limits.js';
import { refusalError } from './refusal.js';
import type { Admissions } from './sessions/admission.js';
import type { LeaseState } from './sessions/lease.js';
import type { GuardDeps, LeaseTable } from './sessions/table.js';

/** How a guard stands. */
export interface GuardStatus {
  /** One more session would be admitted now; on a GPU that is suspended, if a canary that wakes it is well. */
  accepting: boolean;
  /** Why not; null while it accepts. */
  refusal: { limit: LimitName; message: string; retryAfterMs: number | null } | null;
  sessions: {
    /** All that count. More than `max` where one that was released turned out to go on, or the limit was lowered. */
    count: number;
    max: number;
    warnAt: number;
    /** `count` is at `warnAt` or above. */
    warning: boolean;
    /** By state; those in `released-unverified` do not count. */
    states: Record<LeaseState, number>;
  };
  breaker: {
    state: BreakerState;
    /** Why it is not closed: what the last canary, or a report since, has found. */
    fault: Fault | null;
    /** Milliseconds until a canary may close it again, as far as can be expected; null while it is closed. */
    retryAfterMs: number | null;
  };
  monitoring: {
    /** Why NVML cannot be read: then sessions and living processes are counted, and no limit of memory or encoders is held. */
    dark: string | null;
    /** Milliseconds since NVML was last read well; null: never. */
    readingsAgeMs: number | null;
    /** Milliseconds since a canary was well; null: none was yet. */
    canaryAgeMs: number | null;
    /** A simulated driver is asked. */
    simulated: boolean;
  };
}

export function statusOf(
  deps: GuardDeps,
  count: LeaseTable,
  admissions: Admissions,
  breaker: Breaker,
): GuardStatus {
  const { options, health: source, store, now } = deps;
  const [health, nowMs] = [source.read(), now()];
  const { leases, unverified } = count.read();
  const said = admissions.refusalNow(store.read());
  // Whoever asks for a place wakes it.
  const refusal = said !== null && isForWantOfWaking(said, health) ? null : said;
  const error = refusal === null ? null : refusalError(refusal, options.helpUrl);
  const states: Record<LeaseState, number> = {
    active: 0,
    releasing: 0,
    orphaned: 0,
    leaking: 0,
    'released-unverified': unverified.length,
  };
  for (const { state } of leases) states[state] += 1;
  const age = (atMs: number | null) => (atMs === null ? null : Math.max(0, nowMs - atMs));
  return {
    accepting: refusal === null,
    refusal:
      refusal === null || error === null
        ? null
        : { limit: refusal.limit, message: error.message, retryAfterMs: error.retryAfterMs ?? null },
    sessions: {
      count: leases.length,
      max: options.maxSessions,
      warnAt: options.warnAt,
      warning: leases.length >= options.warnAt,
      states,
    },
    breaker: {
      state: breaker.state,
      fault: breaker.fault,
      retryAfterMs: breaker.state === 'closed' ? null : untilCanaryMs(health, nowMs),
    },
    monitoring: {
      dark: health.dark,
      readingsAgeMs: age(health.readingsAtMs),
      canaryAgeMs: age(health.wellAtMs),
      simulated: health.simulated,
    },
  };
}
