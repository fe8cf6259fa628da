import type { GpuProbeError } from '../errors.js';
import { holdLoop } from '../native/source.js';
import type { Report } from '../probe/report.js';
import type { CheckOptions } from './gpu-probe.js';

/** What can be asked for anew. */
export type Renewal = NonNullable<CheckOptions['renew']>;

/** Looks that somebody waits for, and that have not begun: whoever asks for the same meanwhile shares it. */
export class Renewals {
  readonly #waiting = new Map<Renewal, Promise<Report>>();
  readonly #abandon = new Set<(error: GpuProbeError) => void>();
  readonly #settle: (what: Renewal) => Promise<void>;
  readonly #ask: (what: Renewal) => Promise<Report>;

  /**
   * @param settle waits for looks that began earlier: what they read may be older than the call
   * @param ask looks, and gives the report
   */
  constructor(settle: (what: Renewal) => Promise<void>, ask: (what: Renewal) => Promise<Report>) {
    this.#settle = settle;
    this.#ask = ask;
  }

  /** A report of after this call. Keeps the process alive until it is there. */
  get(what: Renewal): Promise<Report> {
    const waiting = this.#waiting.get(what) ?? this.#begin(what);
    this.#waiting.set(what, waiting);
    return waiting;
  }

  /** Rejects whoever waits. */
  abandon(error: GpuProbeError): void {
    for (const reject of this.#abandon) reject(error);
  }

  #begin(what: Renewal): Promise<Report> {
    const release = holdLoop();
    return new Promise<Report>((resolve, reject) => {
      this.#abandon.add(reject);
      this.#run(what)
        .then(resolve, reject)
        .finally(() => this.#abandon.delete(reject));
    }).finally(release);
  }

  async #run(what: Renewal): Promise<Report> {
    await this.#settle(what);
    this.#waiting.delete(what);
    return this.#ask(what);
  }
}
