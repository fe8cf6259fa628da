import type { Fault, GpuHealth } from './health.js';

/**
 * `closed`: sessions are admitted. `open`: a fault predicts that the next session would fail; none is
 * admitted. `half-open`: the fault is gone, but a canary must succeed before a user's session may try; none
 * is admitted.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Opens at the first fault. Closes at the first canary after it that succeeds. */
export class Breaker {
  #state: BreakerState = 'closed';
  #fault: Fault | null = null;
  #openedAtMs = 0;

  get state(): BreakerState {
    return this.#state;
  }

  /** Why the breaker is not closed. */
  get fault(): Fault | null {
    return this.#fault;
  }

  /** Updates the state from the GPU's current health. */
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
