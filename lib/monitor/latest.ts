import type { CheckId, Outcome, Report, Via } from '../probe/report.js';
import type { Fallback } from './fallback.js';
import type { FreshnessState, Gap } from './freshness.js';
import type { Monitoring } from './monitoring-status.js';

/** A call into the driver that has not come back yet. */
export interface PendingCall {
  check: CheckId | '';
  via: Via;
  /** The GPU's UUID; null for the machine, or where it is not known. */
  device: string | null;
  /** Where it is in the driver, as its process records it in shared memory; null where that cannot be seen. */
  driverFunction: string | null;
  /** Milliseconds. */
  forMs: number;
}

/** The last canary on a GPU: whether a process that starts now (`fresh`), or a session of a running one (`warm`), gets a context. */
export interface CanaryOutcome {
  /** As in {@link Check.device}. */
  device: string;
  via: Via;
  outcome: Outcome;
  /** Why not `ok`, as in {@link Check.name}. */
  name: string | null;
}

/** The canaries that a report has. */
export function canaryOutcomesOf({ checks }: Report): CanaryOutcome[] {
  return checks.flatMap(({ id, device, via, outcome, name }) =>
    id === 'cuda.context' && device !== null ? [{ device, via, outcome, name }] : [],
  );
}

/** What is known now, without asking anybody. Every age is in milliseconds, and Infinity for what never was. */
export interface Latest {
  /** The last report; null before the first, and once it has expired: what is so old is no reading. */
  report: Report | null;
  /** How old its readings are, at most: counted from when they were asked for. */
  ageMs: number;
  state: FreshnessState;
  /** The state is not `fresh`. */
  stale: boolean;
  /** The last report of a look in which monitoring worked, kept apart; null before the first. */
  lastGood: { report: Report; ageMs: number } | null;
  /** Looks since then in which it did not. */
  consecutiveFailures: number;
  /** Calls that have not come back, also from looks that were given up. */
  pending: readonly PendingCall[];
  monitoring: Monitoring;
  /**
   * The canaries, which are taken less often than readings. `nextInMs`: milliseconds until the next ones have answered,
   * as far as can be expected from the last.
   */
  canary: { ageMs: number; nextInMs: number; outcomes: readonly CanaryOutcome[] };
  /** Times without readings, oldest first; the last 32. */
  gaps: readonly Gap[];
  /** While monitoring does not work: what can be counted without the driver. No reading; null while it works. */
  fallback: Fallback | null;
}
