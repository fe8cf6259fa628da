/** How long after its deadlines a warden may stay silent before it counts as lost. */
const GRACE_MS = 5_000;
/** A blocked event loop runs timers before it reads pending data, so wait this much longer for it. */
const LAST_LOOK_MS = 1_000;

/**
 * Watches for a warden that does not answer. It answers each request by its soft deadline, and requests take
 * turns, so a warden that is silent for longer than the longest deadline never answers: it was stopped, or is
 * not a warden. Without this the promises would hang forever.
 */
export class SilenceWatch {
  readonly #onSilence: () => void;
  readonly #softMs = new Map<number, number>();
  #heardAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onSilence must end the warden, which ends its requests */
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
