import type { Answer, Listening, Source } from '../native/source.js';
import type { XidEvent } from '../probe/report.js';
import type { Clock } from './clock.js';

/** So long an Xid stands in the reports: one that is only in the next is missed by whoever asks less often. */
const REMEMBERED_MS = 5 * 60_000;
const MOST_REMEMBERED = 64;
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
  #recent: { xid: XidEvent; atMs: number }[] = [];

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

  /** The last ones, oldest first; null while nobody listens and none is remembered. */
  recent(nowMs: number): XidEvent[] | null {
    this.#recent = this.#recent.filter(({ atMs }) => nowMs - atMs < REMEMBERED_MS);
    if (!this.#hears && this.#recent.length === 0) return null;
    return this.#recent.map(({ xid }) => xid);
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
    this.#recent.push({ xid, atMs: this.#clock.nowMs() });
    if (this.#recent.length > MOST_REMEMBERED) this.#recent.shift();
    this.#onXid(xid);
  }
}

function hasNoEvents({ checks }: Answer): boolean {
  const last = checks.at(-1);
  return last?.check === 'nvml.devices' && last.api === 'nvml' && NEVER.includes(last.code);
}
