import type { Breaker, BreakerState } from './breaker.js';
import type { Count, Parts } from './count.js';

/** How often a guard looks who has ended, and writes signs of life where others see them. */
const INTERVAL_MS = 1000;

/** What a guard does by itself, without keeping the process alive: it takes in what the monitor sees, and sweeps. */
export class Watch {
  readonly #parts: Parts;
  readonly #count: Count;
  readonly #breaker: Breaker;
  readonly #stopListening: () => void;
  readonly #stopTurning: () => void;
  #told: BreakerState = 'closed';
  #sweeping = false;

  constructor(parts: Parts, count: Count, breaker: Breaker) {
    this.#parts = parts;
    this.#count = count;
    this.#breaker = breaker;
    this.#stopListening = parts.health.onChange(() => this.observe());
    this.#stopTurning = parts.every(INTERVAL_MS, () => this.#turn());
  }

  /** Takes in what is known of the GPU. */
  observe(): void {
    const { health, now } = this.#parts;
    this.#breaker.observe(health.read(), now());
    this.#tell();
  }

  close(): void {
    this.#stopTurning();
    this.#stopListening();
  }

  #tell(): void {
    const { state, fault } = this.#breaker;
    if (state === this.#told) return;
    this.#told = state;
    this.#count.listeners.tell('breaker', { state, fault });
  }

  #turn(): void {
    this.observe();
    if (!this.#sweeping) void this.#sweep();
  }

  /** A turn that finds the count locked leaves it to the next one. */
  async #sweep(): Promise<void> {
    this.#sweeping = true;
    try {
      await this.#count.change((ledger, tell) => this.#count.sweep(ledger, tell), { wait: false });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_GPUPROBE_LEDGER_BUSY') {
        this.#count.listeners.tell('failure', { error });
      }
    } finally {
      this.#sweeping = false;
    }
  }
}
