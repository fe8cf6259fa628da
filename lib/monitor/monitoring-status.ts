import { longDuration } from '../format.js';
import type { Health } from './health.js';
import type { Logger } from './options.js';

/** Whether monitoring works, since when. */
export interface Monitoring {
  /** Null: not known yet, or not asked. */
  works: boolean | null;
  /** What does not, where it does not. */
  because: string | null;
  /** ISO 8601, UTC; null before the first look. */
  since: string | null;
  /** Milliseconds that it has been so; Infinity before the first look. */
  forMs: number;
}

/**
 * Says aloud that monitoring broke, once, and that it works again, once. In between nothing: a line every two seconds is
 * read by nobody, and one that is missing by nobody either (24 minutes of it in the scenario
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

  /** Takes in how it is now. True when that is a change: `darkMs` is how long monitoring did not work. */
  take(
    health: Health,
    nowMs: number,
    wall: Date,
    label: () => string,
  ): { changed: boolean; darkMs: number | null } {
    const before = this.#health;
    // A GPU that sleeps does not change what is known of monitoring.
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
