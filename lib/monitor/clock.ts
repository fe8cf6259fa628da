import { elapsedClock } from '../native/clock.js';

/** Time, as a monitor uses it. Ages and cadences come from `nowMs`; the wall clock only tells people when. */
export interface Clock {
  /** Milliseconds that pass however the wall clock is set, and also while the process or the machine sleeps. */
  nowMs(): number;
  wall(): Date;
  /** Runs once, after at least so long, without keeping the process alive. Gives back what takes it away again. */
  after(ms: number, run: () => void): () => void;
}

/** setTimeout takes no more, and would fire at once. */
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
