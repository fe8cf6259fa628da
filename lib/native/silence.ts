/** How much longer than its deadlines a warden may say nothing; beyond it is not late but gone. */
const GRACE_MS = 5_000;
/** A blocked event loop runs its timers before it reads what has come meanwhile: that much is still waited for. */
const LAST_LOOK_MS = 1_000;

/**
 * Watches a warden that was asked something. It answers each request by its soft deadline, and they take turns, so
 * one that says nothing for longer than the longest of them never will: it was stopped, or is no warden. The promises
 * would hang for good otherwise.
 */
export class SilenceWatch {
  readonly #onSilence: () => void;
  readonly #softMs = new Map<number, number>();
  #heardAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onSilence is to end the warden, which ends what was asked of it */
  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
  }

  asked(request: number, softMs: number): void {
    if (this.#softMs.size === 0) this.#heardAt = performance.now();
    this.#softMs.set(request, softMs);
    this.#timer ??= this.#look(softMs + GRACE_MS, false);
  }

  heard(request: number, isLast: boolean): void {
    this.#heardAt = performance.now();
    if (isLast) this.#softMs.delete(request);
  }

  #look(afterMs: number, isLastLook: boolean): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined;
      if (this.#softMs.size === 0) return;
      const leftMs = this.#heardAt + Math.max(...this.#softMs.values()) + GRACE_MS - performance.now();
      if (leftMs > 0) this.#timer = this.#look(leftMs, false);
      // mutation: silence-watch
      else if (isLastLook) this.#onSilence();
      else this.#timer = this.#look(LAST_LOOK_MS, true);
    }, afterMs).unref();
  }
}
