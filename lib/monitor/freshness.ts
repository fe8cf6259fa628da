/** `fresh`: may be relied on. `stale`: old. `expired`: too old to be a reading. */
export type FreshnessState = 'fresh' | 'stale' | 'expired';

/** A time without readings: the process or the machine slept, the event loop was blocked, or nothing answered. */
export interface Gap {
  /** ISO 8601, UTC, by the wall clock: when the last readings before it were taken. */
  from: string;
  /** When those after it were. */
  to: string;
  /** Milliseconds between both, which no wall clock decides. */
  ms: number;
}

const MOST_GAPS = 32;

/** How old readings may get, and when they did. */
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

  /** When what was taken last turns stale, and then expired; never, before the first. */
  get turnsMs(): readonly [staleMs: number, expiredMs: number] {
    const [stale, expired] = [this.#lastMs + this.#staleAfterMs, this.#lastMs + this.#expireAfterMs];
    return this.#lastAt === null ? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] : [stale, expired];
  }

  /** Infinity before the first: nothing is so young as to be relied on. */
  ageMs(nowMs: number): number {
    return nowMs - this.#lastMs;
  }

  state(ageMs: number): FreshnessState {
    if (ageMs <= this.#staleAfterMs) return 'fresh';
    return ageMs <= this.#expireAfterMs ? 'stale' : 'expired';
  }

  /** Readings were taken, at these times by both clocks. Gives back the gap before them, if there was one. */
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
