import type { LimitName } from '../errors.js';
import type { Breaker, BreakerState } from './breaker.js';
import type { Fault } from './health.js';
import { isForWantOfWaking, untilCanaryMs } from './limits.js';
import { refusalError } from './refusal.js';
import type { Admissions } from './sessions/admission.js';
import type { LeaseState } from './sessions/lease.js';
import type { GuardDeps, LeaseTable } from './sessions/table.js';

/** The status of a guard. */
export interface GuardStatus {
  /** One more session would be admitted now; on a suspended GPU, if the canary that wakes it succeeds. */
  accepting: boolean;
  /** Why not; null if it accepts. */
  refusal: { limit: LimitName; message: string; retryAfterMs: number | null } | null;
  sessions: {
    /** All that count. Above `max` if a released session turned out to run, or the limit was lowered. */
    count: number;
    max: number;
    warnAt: number;
    /** True if `count` is at least `warnAt`. */
    warning: boolean;
    /** Counts by state; those in `released-unverified` do not count. */
    states: Record<LeaseState, number>;
  };
  breaker: {
    state: BreakerState;
    /** Why it is not closed: what the last canary, or a later report, found. */
    fault: Fault | null;
    /** Expected milliseconds until a canary may close it again; null while it is closed. */
    retryAfterMs: number | null;
  };
  monitoring: {
    /** Why NVML cannot be read; then memory and encoder limits do not apply, only session counts. */
    dark: string | null;
    /** Milliseconds since the last NVML reading; null: never. */
    readingsAgeMs: number | null;
    /** Milliseconds since the last successful canary; null: none yet. */
    canaryAgeMs: number | null;
    /** True if the driver is simulated. */
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
  // A suspended GPU is no refusal, because `acquire()` wakes it.
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
