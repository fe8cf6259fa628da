import { countWithoutDriver, type Fallback } from './fallback.js';

const INTERVAL_MS = 10_000;

/** Counts without the driver while monitoring does not work, every ten seconds at most. */
export class FallbackCounter {
  readonly #count: ((wall: Date) => Promise<Fallback>) | undefined;
  #last: Fallback | null = null;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  /** @param count instead of this machine's own, for tests */
  constructor(count?: (wall: Date) => Promise<Fallback>) {
    this.#count = count;
  }

  /** Null where monitoring works, or nothing was counted since it broke. */
  get last(): Fallback | null {
    return this.#last;
  }

  clear(): void {
    this.#last = null;
  }

  /**
   * Null: not due yet, nothing to count, or monitoring works again. What this machine has says nothing of a simulated one.
   * @param isWanted asked again after the count, which takes a while
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
