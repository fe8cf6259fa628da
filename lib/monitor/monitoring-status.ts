import { longDuration } from '../format.js';
import type { Health } from './health.js';
import type { Logger } from './options.js';

/** Whether monitoring works, and since when. */
export interface Monitoring {
  /** Null if not known yet, or not checked. */
  works: boolean | null;
  /** What is broken; null if nothing is. */
  because: string | null;
  /** ISO 8601, UTC; null before the first look. */
  since: string | null;
  /** Milliseconds in this state; Infinity before the first look. */
  forMs: number;
}

/**
 * Logs once when monitoring breaks, and once when it works again. Nothing is logged in between: nobody reads
 * a line that repeats every two seconds, and nobody notices when it stops (24 minutes of this in the scenario
 * `wolf-2025-11-05`).
 */
export class MonitoringStatus {
  readonly #logger: Logger | null;
  #health: Health = { works: null, because: null };
  #sinceMs = Number.NEGATIVE_INFINITY;
  #since: string | null = null;

  constructor(logger: Logger | null) {
    this.#logger = logger;
  }

  /** Takes in the current health. If it has changed, `darkMs` is how long monitoring was broken. */
  take(
    health: Health,
    nowMs: number,
    wall: Date,
    label: () => string,
  ): { changed: boolean; darkMs: number | null } {
    const before = this.#health;
    // A suspended GPU does not change what is known about monitoring.
    // mutation: one-loud-line
    if (health.works === null || health.works === before.works) return { changed: false, darkMs: null };
    const darkMs = before.works === false ? nowMs - this.#sinceMs : null;
    if (!health.works) {
      this.#logger?.error(
        `${label()}GPU MONITORING DOES NOT WORK: ${health.because}. ` +
          'Do not trust GPU readings until gpuprobe logs that monitoring works again.',
      );
    } else if (darkMs !== null && this.#since !== null) {
      this.#logger?.info(
        `${label()}GPU monitoring works again, after ${longDuration(darkMs)} (since ${this.#since}): ` +
          `${before.because}`,
      );
    }
    this.#health = health;
    this.#sinceMs = nowMs;
    this.#since = wall.toISOString();
    return { changed: true, darkMs };
  }

  monitoring(nowMs: number): Monitoring {
    const { works, because } = this.#health;
    return { works, because, since: this.#since, forMs: nowMs - this.#sinceMs };
  }
}
