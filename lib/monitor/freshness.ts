/** `fresh`: reliable. `stale`: old. `expired`: too old to count as a reading. */
export type FreshnessState = 'fresh' | 'stale' | 'expired';

/** A time without readings: the process or machine slept, the event loop was blocked, or nothing answered. */
export interface Gap {
  /** ISO 8601, UTC, by the wall clock: time of the last readings before the gap. */
  from: string;
  /** Time of the first readings after the gap. */
  to: string;
  /** Milliseconds between the two, by the monotonic clock. */
  ms: number;
}

const MOST_GAPS = 32;

/** Tracks the age of the readings and the gaps between them. */
export class Freshness {
  readonly #staleAfterMs: number;
  readonly #expireAfterMs: number;
  #gaps: readonly Gap[] = [];
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastAt: Date | null = null;

  constructor(staleAfterMs: number, expireAfterMs: number) {
    this.#staleAfterMs = staleAfterMs;
    this.#expireAfterMs = expireAfterMs;
  }

  /** The last gaps, oldest first. */
  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** When the last readings become stale, and when they expire; Infinity before the first readings. */
  get turnsMs(): readonly [staleMs: number, expiredMs: number] {
    const [stale, expired] = [this.#lastMs + this.#staleAfterMs, this.#lastMs + this.#expireAfterMs];
    return this.#lastAt === null ? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] : [stale, expired];
  }

  /** Returns the age of the readings; Infinity before the first. */
  ageMs(nowMs: number): number {
    return nowMs - this.#lastMs;
  }

  state(ageMs: number): FreshnessState {
    if (ageMs <= this.#staleAfterMs) return 'fresh';
    return ageMs <= this.#expireAfterMs ? 'stale' : 'expired';
  }

  /** Records the time of new readings on both clocks. Returns the gap before them; null if none. */
  taken(atMs: number, at: Date): Gap | null {
    const [before, ms] = [this.#lastAt, atMs - this.#lastMs];
    this.#lastMs = atMs;
    this.#lastAt = at;
    if (before === null || ms <= this.#staleAfterMs) return null;
    const gap = { from: before.toISOString(), to: at.toISOString(), ms };
    this.#gaps = [...this.#gaps, gap].slice(-MOST_GAPS);
    return gap;
  }
}
