import type { Clock } from '../../lib/monitor/clock.js';

const BEGINNING = Date.parse('2026-03-01T12:00:00Z');

/** Time that passes when a test says so. The wall clock can be set, as an administrator or NTP would. */
export class ManualClock implements Clock {
  /** How far the wall clock is set off. */
  setOffMs = 0;
  #nowMs = 1_000_000;
  #timers: { dueMs: number; run: () => void }[] = [];

  nowMs = () => this.#nowMs;

  wall(): Date {
    return new Date(BEGINNING + this.#nowMs + this.setOffMs);
  }

  after(ms: number, run: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(ms, 0), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Lets time pass, and what is due run, in order. Answers that are ready come in between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      const next = this.#timers.toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = endMs;
    await settled();
  }

  /** Time passes, and nothing runs meanwhile: the process is stopped, or its event loop blocked. */
  stop(ms: number): void {
    this.#nowMs += ms;
  }
}

/** Until all that waits for promises which are fulfilled has run. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
