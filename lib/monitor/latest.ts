import type { CheckId, Outcome, Report, Via } from '../probe/report.js';
import type { Fallback } from './fallback.js';
import type { FreshnessState, Gap } from './freshness.js';
import type { Monitoring } from './monitoring-status.js';

/** A driver call that has not returned. */
export interface PendingCall {
  check: CheckId | '';
  via: Via;
  /** The GPU's UUID; null for the machine, or if it is not known. */
  device: string | null;
  /** The driver function it is in, from the process's shared memory; null if that is not visible. */
  driverFunction: string | null;
  /** Milliseconds since the call began. */
  forMs: number;
}

/** The last canary on a GPU: could a new process (`fresh`) or a running one (`warm`) create a context? */
export interface CanaryOutcome {
  /** As in {@link Check.device}. */
  device: string;
  via: Via;
  outcome: Outcome;
  /** Why the outcome is not `ok`, as in {@link Check.name}. */
  name: string | null;
}

/** Returns the canary outcomes in a report. */
export function canaryOutcomesOf({ checks }: Report): CanaryOutcome[] {
  return checks.flatMap(({ id, device, via, outcome, name }) =>
    id === 'cuda.context' && device !== null ? [{ device, via, outcome, name }] : [],
  );
}

/** The current state. Ages are in milliseconds; Infinity means never. */
export interface Latest {
  /** The last report; null before the first, and after it has expired. */
  report: Report | null;
  /** Upper limit of the age of its readings, counted from when they were requested. */
  ageMs: number;
  state: FreshnessState;
  /** True if the state is not `fresh`. */
  stale: boolean;
  /** The last report of a look in which monitoring worked; null before the first. */
  lastGood: { report: Report; ageMs: number } | null;
  /** Number of looks since then in which monitoring did not work. */
  consecutiveFailures: number;
  /** Driver calls that have not returned, including those of looks that timed out. */
  pending: readonly PendingCall[];
  monitoring: Monitoring;
  /**
   * The canaries, which run less often than readings. `nextInMs`: estimated milliseconds until the next ones
   * have answered, based on the last ones.
   */
  canary: { ageMs: number; nextInMs: number; outcomes: readonly CanaryOutcome[] };
  /** Periods without readings, oldest first; the last 32. */
  gaps: readonly Gap[];
  /** Counts made without the driver, while monitoring does not work; null while it works. */
  fallback: Fallback | null;
}
