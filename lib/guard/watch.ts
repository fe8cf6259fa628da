import type { Breaker, BreakerState } from './breaker.js';
import type { GuardDeps, LeaseTable } from './sessions/table.js';

/** How often a guard looks who has ended, and writes signs of life where others see them. */
const INTERVAL_MS = 1000;

/** What a guard does by itself, without keeping the process alive: it takes in what the monitor sees, and sweeps. */
export class Watch {
  readonly #deps: GuardDeps;
  readonly #table: LeaseTable;
  readonly #breaker: Breaker;
  readonly #stopListening: () => void;
  readonly #stopTurning: () => void;
  #told: BreakerState = 'closed';
  #sweeping = false;

  constructor(deps: GuardDeps, count: LeaseTable, breaker: Breaker) {
    this.#deps = deps;
    this.#table = count;
    this.#breaker = breaker;
    this.#stopListening = deps.health.onChange(() => this.observe());
    this.#stopTurning = deps.every(INTERVAL_MS, () => this.#turn());
  }

  /** Takes in what is known of the GPU. */
  observe(): void {
    const { health, now } = this.#deps;
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
    this.#table.tell('breaker', { state, fault });
  }

  #turn(): void {
    this.observe();
    if (!this.#sweeping) void this.#sweep();
  }

  /** A turn that finds the count locked leaves it to the next one. */
  async #sweep(): Promise<void> {
    this.#sweeping = true;
    try {
      await this.#table.change((ledger, tell) => this.#table.sweep(ledger, tell), { wait: false });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_GPUPROBE_LEDGER_BUSY') {
        this.#table.tell('failure', { error });
      }
    } finally {
      this.#sweeping = false;
    }
  }
}
