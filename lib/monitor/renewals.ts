import type { Report } from '../probe/report.js';
import type { Callers } from './callers.js';
import type { CheckOptions } from './gpu-probe.js';

/** What `check()` can renew. */
export type Renewal = NonNullable<CheckOptions['renew']>;

/** Renewals that have callers and have not begun. Callers that ask for the same one share it. */
export class Renewals {
  readonly #waiting = new Map<Renewal, Promise<Report>>();
  readonly #callers: Callers;
  readonly #settle: (what: Renewal) => Promise<void>;
  readonly #ask: (what: Renewal) => Promise<Report>;

  /**
   * @param callers the callers that wait for a report of this monitor
   * @param settle waits for looks that began earlier, because their readings may be older than the call
   * @param ask runs the look and returns its report
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

  /** Returns a report from after this call. Keeps the process alive until then. */
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
