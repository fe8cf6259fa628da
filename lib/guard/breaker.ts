import type { Fault, GpuHealth } from './health.js';

/**
 * `closed`: sessions are admitted. `open`: something says that the next one would fail; none is admitted. `half-open`:
 * nothing says so any more, and a canary has to try before a session of a user does; none is admitted.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Opens at the first fault, and closes at the first canary after it that is well. */
export class Breaker {
  #state: BreakerState = 'closed';
  #fault: Fault | null = null;
  #openedAtMs = 0;

  get state(): BreakerState {
    return this.#state;
  }

  /** Why it is not closed. */
  get fault(): Fault | null {
    return this.#fault;
  }

  /** Takes in what is known. */
  observe({ fault, wellAtMs }: Pick<GpuHealth, 'fault' | 'wellAtMs'>, nowMs: number): void {
    if (fault !== null) {
      if (this.#state !== 'open') this.#openedAtMs = nowMs;
      this.#state = 'open';
      this.#fault = fault;
    } else if (this.#state !== 'closed') {
      // mutation: guard-canary-after-fault
      const confirmed = wellAtMs !== null && wellAtMs > this.#openedAtMs;
      this.#state = confirmed ? 'closed' : 'half-open';
      if (confirmed) this.#fault = null;
    }
  }
}
