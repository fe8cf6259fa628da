import type { Answer, Listening, Source } from '../native/source.js';
import type { XidEvent } from '../probe/report.js';
import type { Clock } from './clock.js';

/** Limit per look: a failed GPU may report the same Xid thousands of times. */
const MOST_KEPT = 64;
const FIRST_RETRY_MS = 1_000;

/** NVML codes for a driver or GPU without event support; that does not change later. */
const NEVER = [3, 13];

/** Listens for Xid errors, and retries when listening ends. */
export class XidWatch {
  readonly #clock: Clock;
  readonly #maxRetryMs: number;
  readonly #onXid: (xid: XidEvent) => void;
  #listening: Listening | null = null;
  #hears = false;
  #started = false;
  #stopped = false;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry = () => {};
  /** Events of the last telemetry, and events since then. */
  #told: XidEvent[] = [];
  #since: XidEvent[] = [];

  constructor(clock: Clock, maxRetryMs: number, onXid: (xid: XidEvent) => void) {
    this.#clock = clock;
    this.#maxRetryMs = maxRetryMs;
    this.#onXid = onXid;
  }

  /** Starts listening, unless it has started already. */
  start(source: Source, deadlines: { softMs: number; hardMs: number }): void {
    if (this.#started || this.#stopped) return;
    this.#started = true;
    this.#listen(source, deadlines);
  }

  /** Rotates the events after new readings: those from before the previous readings are dropped. */
  turn(): void {
    this.#told = this.#since;
    this.#since = [];
  }

  /** Returns events since the previous telemetry, oldest first; null if there are none and nobody listens. */
  recent(): XidEvent[] | null {
    const xids = [...this.#told, ...this.#since];
    return this.#hears || xids.length > 0 ? xids : null;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry();
    this.#listening?.stop();
  }

  #listen(source: Source, deadlines: { softMs: number; hardMs: number }): void {
    const again = (answer: Answer | null) => {
      this.#hears = false;
      if (this.#stopped || (answer !== null && hasNoEvents(answer))) return;
      this.#cancelRetry = this.#clock.after(this.#retryMs, () => this.#listen(source, deadlines));
      this.#retryMs = Math.min(2 * this.#retryMs, Math.max(this.#maxRetryMs, FIRST_RETRY_MS));
    };
    this.#listening = source.listen(deadlines, ({ kind, code, device }) => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#hears = true;
      if (kind === 'xid' && !this.#stopped) this.#take(code, device === '' ? null : device);
    });
    // No error handling here: the looks meet the same driver and report why listening ended.
    this.#listening?.ended.then(again, () => again(null));
  }

  #take(code: number, device: string | null): void {
    const xid = { code, device, at: this.#clock.wall().toISOString() };
    this.#since.push(xid);
    if (this.#since.length > MOST_KEPT) this.#since.shift();
    this.#onXid(xid);
  }
}

function hasNoEvents({ checks }: Answer): boolean {
  const last = checks.at(-1);
  return last?.check === 'nvml.devices' && last.api === 'nvml' && NEVER.includes(last.code);
}
