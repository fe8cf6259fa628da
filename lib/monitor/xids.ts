import type { Answer, Listening, Source } from '../native/source.js';
import type { XidEvent } from '../probe/report.js';
import type { Clock } from './clock.js';

/** Of one look: a GPU that has failed may report the same thousands of times. */
const MOST_KEPT = 64;
const FIRST_RETRY_MS = 1_000;

/** NVML's answers of a driver or GPU that has no events: it will have none later. */
const NEVER = [3, 13];

/** Listens for Xid errors, and again after what ended it. */
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
  /** Of the last look at the readings, and since. */
  #told: XidEvent[] = [];
  #since: XidEvent[] = [];

  constructor(clock: Clock, maxRetryMs: number, onXid: (xid: XidEvent) => void) {
    this.#clock = clock;
    this.#maxRetryMs = maxRetryMs;
    this.#onXid = onXid;
  }

  /** Begins to listen, if it has not. */
  start(source: Source, deadlines: { softMs: number; hardMs: number }): void {
    if (this.#started || this.#stopped) return;
    this.#started = true;
    this.#listen(source, deadlines);
  }

  /** Readings were taken: what was told with the readings before is history. */
  turn(): void {
    this.#told = this.#since;
    this.#since = [];
  }

  /** Those since the look before the last, oldest first; null while nobody listens and there is none. */
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
    // What ended it is told by the looks, which meet the same driver.
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
