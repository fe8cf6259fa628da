import { countWithoutDriver, type Fallback } from './fallback.js';

const INTERVAL_MS = 10_000;

/** Counts GPU users without the driver while monitoring does not work, at most every ten seconds. */
export class FallbackCounter {
  readonly #count: ((wall: Date) => Promise<Fallback>) | undefined;
  #last: Fallback | null = null;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  /** @param count replaces the count on this machine, for tests */
  constructor(count?: (wall: Date) => Promise<Fallback>) {
    this.#count = count;
  }

  /** Null if monitoring works, or if nothing was counted since it broke. */
  get last(): Fallback | null {
    return this.#last;
  }

  clear(): void {
    this.#last = null;
  }

  /**
   * Returns null if no count is due, the machine is simulated (this machine's processes say nothing about
   * it), or monitoring works again.
   * @param isWanted called again after the count, because the count takes time
   */
  async count(
    nowMs: number,
    wall: Date,
    simulated: boolean,
    isWanted: () => boolean,
  ): Promise<Fallback | null> {
    const count = this.#count ?? (simulated ? undefined : countWithoutDriver);
    if (count === undefined || nowMs - this.#countedAtMs < INTERVAL_MS) return null;
    this.#countedAtMs = nowMs;
    const fallback = await count(wall);
    if (!isWanted()) return null;
    this.#last = fallback;
    return fallback;
  }
}
