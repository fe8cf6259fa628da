/**
 * When a part of the look is due again. A driver that answers slowly is asked less often, so that gpuprobe is never in
 * it for more than half of the time; one that does not answer, or crashes, less and less often, up to a limit.
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

  /** How often in a row it did the driver no good. */
  get troubles(): number {
    return this.#troubles;
  }

  /** @param driverMs how long the driver was asked; a process that was stopped meanwhile makes it no slower */
  ended(startedMs: number, endedMs: number, driverMs: number, trouble: boolean): void {
    // mutation: back-off
    this.#troubles = trouble ? this.#troubles + 1 : 0;
    if (trouble) this.#dueMs = endedMs + this.#backoffMs();
    else this.#dueMs = Math.max(startedMs + this.#intervalMs, endedMs + driverMs);
  }

  /** Something has changed that makes it worth asking now; a driver in trouble is left its time. */
  pollSoon(nowMs: number): void {
    if (this.#troubles === 0) this.#dueMs = Math.min(this.#dueMs, nowMs);
  }

  /** The call that did not return has returned: the trouble is over. */
  resetBackoff(nowMs: number): void {
    this.#troubles = 0;
    this.#dueMs = nowMs;
  }

  #backoffMs(): number {
    return Math.min(this.#intervalMs * 2 ** Math.min(this.#troubles, 30), this.#maxBackoffMs);
  }
}
