import { elapsedClock } from '../native/clock.js';

/** The monitor's clock. Ages and intervals use `nowMs`; the wall clock is only for timestamps. */
export interface Clock {
  /** Milliseconds of a monotonic clock that also runs while the process or the machine sleeps. */
  nowMs(): number;
  wall(): Date;
  /** Calls `run` once after at least `ms`; does not keep the process alive. Returns a cancel function. */
  after(ms: number, run: () => void): () => void;
}

/** The longest delay that setTimeout accepts; it fires immediately for a longer one. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function systemClock(): Clock {
  return {
    nowMs: elapsedClock(),
    wall: () => new Date(),
    after(ms, run) {
      const timer = setTimeout(run, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS)).unref();
      return () => clearTimeout(timer);
    },
  };
}
