/**
 * Decides when a part of the look is due again. A slow driver is polled less often, so that gpuprobe spends
 * at most half of the time in it. The interval doubles after each timeout or crash, up to a limit.
 */
export class Cadence {
  readonly #intervalMs: number;
  readonly #maxBackoffMs: number;
  #troubles = 0;
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number, maxBackoffMs: number) {
    this.#intervalMs = intervalMs;
    this.#maxBackoffMs = Math.max(maxBackoffMs, intervalMs);
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  /** Number of consecutive polls that ended in a timeout, a crash or another driver fault. */
  get troubles(): number {
    return this.#troubles;
  }

  /** @param driverMs time spent waiting for the driver; excludes time during which a process was stopped */
  ended(startedMs: number, endedMs: number, driverMs: number, trouble: boolean): void {
    // mutation: back-off
    this.#troubles = trouble ? this.#troubles + 1 : 0;
    if (trouble) this.#dueMs = endedMs + this.#backoffMs();
    else this.#dueMs = Math.max(startedMs + this.#intervalMs, endedMs + driverMs);
  }

  /** Makes the part due now, because something has changed. A part that is backing off keeps its due time. */
  pollSoon(nowMs: number): void {
    if (this.#troubles === 0) this.#dueMs = Math.min(this.#dueMs, nowMs);
  }

  /** Ends the back-off: the call that did not return has returned. */
  resetBackoff(nowMs: number): void {
    this.#troubles = 0;
    this.#dueMs = nowMs;
  }

  #backoffMs(): number {
    return Math.min(this.#intervalMs * 2 ** Math.min(this.#troubles, 30), this.#maxBackoffMs);
  }
}
