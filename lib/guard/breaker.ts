import type { Canary } from './health.js';

/** `closed`: sessions are admitted. `open`: none is. `half-open`: none is, and a canary is under way that decides. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** The delay doubles with each canary that fails again, up to so many times the first one. */
const MOST_DOUBLINGS = 4;

/**
 * Opens at the first canary that fails, and closes at the first that is well. Whoever tries whether it may close again
 * is a canary and not a session of a user: that is what half-open means here.
 */
export class Breaker {
  #state: BreakerState = 'closed';
  #seenAtMs = Number.NEGATIVE_INFINITY;
  #retryAtMs = 0;
  #failures = 0;
  #fault = '';
  readonly #retryMs: number;

  /** @param retryMs milliseconds from a failure until a canary of the guard's own */
  constructor(retryMs: number) {
    this.#retryMs = retryMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Why it is not closed, for a person. */
  get fault(): string {
    return this.#fault;
  }

  retryAfterMs(nowMs: number): number {
    return Math.max(0, this.#retryAtMs - nowMs);
  }

  /** Takes in what a canary saw, once. */
  observe(canary: Canary | null, nowMs: number): void {
    if (canary === null || canary.atMs <= this.#seenAtMs) return;
    this.#seenAtMs = canary.atMs;
    if (canary.fault === null) {
      this.#state = 'closed';
      this.#failures = 0;
      this.#fault = '';
    } else {
      this.#fault = canary.fault;
      if (this.#state !== 'open') this.#open(nowMs);
    }
  }

  /** It is time for a canary; the caller sends one, and calls {@link Breaker.endTrial} when it is back. */
  startTrial(nowMs: number): boolean {
    if (this.#state !== 'open' || nowMs < this.#retryAtMs) return false;
    this.#state = 'half-open';
    return true;
  }

  /** The canary is back, and what it saw was taken in: one that saw nothing closes nothing. */
  endTrial(nowMs: number): void {
    if (this.#state === 'half-open') this.#open(nowMs);
  }

  #open(nowMs: number): void {
    this.#state = 'open';
    this.#retryAtMs = nowMs + this.#retryMs * 2 ** Math.min(this.#failures, MOST_DOUBLINGS);
    this.#failures += 1;
  }
}
