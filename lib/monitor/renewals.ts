import type { Report } from '../probe/report.js';
import type { Callers } from './callers.js';
import type { CheckOptions } from './gpu-probe.js';

/** What can be asked for anew. */
export type Renewal = NonNullable<CheckOptions['renew']>;

/** Looks that somebody waits for, and that have not begun: whoever asks for the same meanwhile shares it. */
export class Renewals {
  readonly #waiting = new Map<Renewal, Promise<Report>>();
  readonly #callers: Callers;
  readonly #settle: (what: Renewal) => Promise<void>;
  readonly #ask: (what: Renewal) => Promise<Report>;

  /**
   * @param callers those who wait for a report of this monitor
   * @param settle waits for looks that began earlier: what they read may be older than the call
   * @param ask looks, and gives the report
   */
  constructor(
    callers: Callers,
    settle: (what: Renewal) => Promise<void>,
    ask: (what: Renewal) => Promise<Report>,
  ) {
    this.#callers = callers;
    this.#settle = settle;
    this.#ask = ask;
  }

  /** A report of after this call. Keeps the process alive until it is there. */
  get(what: Renewal): Promise<Report> {
    const waiting = this.#waiting.get(what) ?? this.#callers.hold(() => this.#run(what));
    this.#waiting.set(what, waiting);
    return waiting;
  }

  async #run(what: Renewal): Promise<Report> {
    await this.#settle(what);
    this.#waiting.delete(what);
    return this.#ask(what);
  }
}
