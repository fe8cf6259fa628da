import { Guard } from '../../lib/guard/guard.js';
import type { GpuHealth, HealthSource } from '../../lib/guard/health.js';
import { memoryStore, type Store } from '../../lib/guard/ledger/store.js';
import { type GuardOptions, resolveGuardOptions } from '../../lib/guard/options.js';
import type { ProcessIdentity, ProcessState, ProcessTable } from '../../lib/guard/processes.js';
import type { GuardDeps } from '../../lib/guard/sessions/table.js';

const NAMESPACE = 1;
const SELF = 1;

/** Processes that a test starts and ends; pid 1 is the guard's own. */
export class FakeProcesses implements ProcessTable {
  readonly self: ProcessIdentity = { pid: SELF, start: 0, namespace: NAMESPACE };
  hostPids = true;
  readonly #living = new Map<number, number>([[SELF, 0]]);
  #starts = 0;
  #nextPid = SELF + 1;

  start(pid = this.#nextPid++): number {
    this.#living.set(pid, ++this.#starts);
    return pid;
  }

  end(pid: number): void {
    this.#living.delete(pid);
  }

  isRunning(pid: number): boolean {
    return this.#living.has(pid);
  }

  identify(pid: number): ProcessIdentity | null {
    const start = this.#living.get(pid);
    return start === undefined ? null : { pid, start, namespace: NAMESPACE };
  }

  stateOf({ pid, start, namespace }: ProcessIdentity): ProcessState {
    if (namespace !== NAMESPACE) return 'unknown';
    return this.#living.get(pid) === start ? 'alive' : 'ended';
  }
}

/** A GPU as a monitor would see it, at the test's word. */
export class FakeHealth implements HealthSource {
  state: GpuHealth;
  looks = 0;
  readonly #listeners = new Set<() => void>();

  constructor(now: number) {
    this.state = {
      simulated: false,
      looked: true,
      fault: null,
      wellAtMs: now,
      suspended: false,
      unseen: null,
      nextCanaryMs: null,
      dark: null,
      readingsAtMs: now,
      freeBytes: 2 ** 34,
      encoderSessions: 0,
      listsAtMs: now,
      processes: [],
      encoderPids: [],
    };
  }

  read(): GpuHealth {
    return this.state;
  }

  async look(): Promise<void> {
    this.looks += 1;
    this.state = { ...this.state, looked: true };
  }

  /** What happens when somebody asks for it. */
  onWake = () => {};
  onReadLists = () => {};

  async wake(): Promise<void> {
    this.onWake();
  }

  async readLists(): Promise<void> {
    this.onReadLists();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(change: Partial<GpuHealth>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** A guard whose machine is the test's: time, processes, GPU. */
export class World {
  nowMs = 1_000_000;
  readonly processes: FakeProcesses;
  readonly health = new FakeHealth(this.nowMs);
  readonly guard: Guard;
  /** What the guard does by itself every second. */
  turn = () => {};

  constructor(options: GuardOptions, store: Store = memoryStore(), processes = new FakeProcesses()) {
    this.processes = processes;
    const deps: GuardDeps = {
      options: resolveGuardOptions({ releaseTimeoutMs: 0, ...options }),
      store,
      health: this.health,
      processes: this.processes,
      now: () => this.nowMs,
      every: (_, run) => {
        this.turn = run;
        return () => {};
      },
    };
    this.guard = new Guard(deps);
  }

  /** Time passes, and the monitor looks: all is as it was. */
  pass(ms: number): void {
    this.nowMs += ms;
    const { nowMs } = this;
    const { fault, dark } = this.health.state;
    this.health.set({
      ...(fault === null ? { wellAtMs: nowMs } : {}),
      ...(dark === null ? { readingsAtMs: nowMs, listsAtMs: nowMs } : {}),
    });
  }

  /** NVML lists these. */
  list(...processes: { pid: number; usedBytes: number | null }[]): void {
    this.health.set({ processes, listsAtMs: this.nowMs, readingsAtMs: this.nowMs });
  }
}

export const FAULT = { id: 'cuda-context-refused', summary: 'The GPU gives no context.' };
