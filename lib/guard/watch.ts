import type { Breaker, BreakerState } from './breaker.js';
import type { GuardDeps, LeaseTable } from './sessions/table.js';

/** How often a guard looks for ended sessions, and writes touches so that other processes see them. */
const INTERVAL_MS = 1000;

/** The guard's background tasks: follows the monitor and sweeps. Does not keep the process alive. */
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

  /** Takes in the current GPU health. */
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

  /** If the ledger is locked, leaves the sweep to the next turn. */
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
