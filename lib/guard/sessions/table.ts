import { Emitter } from '../../events.js';
import { newCounters } from '../counters.js';
import {
  GUARD_EVENTS,
  type GuardEventName,
  type GuardEventPayload,
  type GuardEvents,
  warnOfListener,
} from '../events.js';
import type { HealthSource } from '../health.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Store } from '../ledger/store.js';
import type { ResolvedGuardOptions } from '../options.js';
import type { ProcessTable } from '../processes.js';
import type { LeaseInfo, LeaseRecord } from './lease.js';
import { ownerLives, sweep } from './sweep.js';

/** The guard's dependencies. */
export interface GuardDeps {
  options: ResolvedGuardOptions;
  store: Store;
  health: HealthSource;
  processes: ProcessTable;
  /** Milliseconds of a clock that all processes of the machine share. */
  now(): number;
  /** Calls `run` periodically, without keeping the process alive. Returns a function that stops it. */
  every(ms: number, run: () => void): () => void;
}

/** Emits an event after the change that it belongs to. */
export type Tell = <Name extends GuardEventName>(name: Name, event: GuardEventPayload<Name>) => void;

/** The ledger as one guard changes it: with events, counters, and touches. */
export class LeaseTable {
  readonly emitter = new Emitter<GuardEvents>(GUARD_EVENTS, warnOfListener);
  readonly counters = newCounters();
  readonly #deps: GuardDeps;
  readonly #touched = new Map<string, number>();

  constructor(deps: GuardDeps) {
    this.#deps = deps;
  }

  /** Emits an event now. */
  tell<Name extends GuardEventName>(type: Name, event: GuardEventPayload<Name>): void {
    this.emitter.emit({ type, at: new Date().toISOString(), ...event } as unknown as GuardEvents[Name]);
  }

  /** Keeps a touch, to be written with the next change. */
  touch(token: string): void {
    this.#touched.set(token, this.#deps.now());
  }

  /** Makes a change in the ledger; without a file it is made before this returns. */
  change<T>(change: (ledger: Ledger, tell: Tell) => T, options?: { wait?: boolean }): T | Promise<T> {
    const events: (() => void)[] = [];
    const tell: Tell = (name, event) => events.push(() => this.tell(name, event));
    const made = this.#deps.store.change((ledger) => {
      const before = ledger.count;
      this.#writeTouches(ledger);
      const result = change(ledger, tell);
      this.#warn(before, ledger.count, tell);
      return result;
    }, options);
    const told = (result: T): T => {
      for (const event of events) event();
      return result;
    };
    return made instanceof Promise ? made.then(told) : told(made);
  }

  /** Returns the ledger, including touches that are not written yet. */
  read(): { leases: LeaseInfo[]; unverified: LeaseInfo[] } {
    const ledger = this.#deps.store.read();
    const infos = (leases: Iterable<LeaseRecord>) =>
      [...leases].map((lease) => this.info(lease, this.#stateOf(lease)));
    const leases = infos(ledger.leases.values()).sort((a, b) => b.idleMs - a.idleMs);
    return { leases, unverified: infos(ledger.unverified) };
  }

  find(token: string): LeaseRecord | undefined {
    const ledger = this.#deps.store.read();
    return ledger.leases.get(token) ?? ledger.findUnverified(token);
  }

  info(lease: LeaseRecord, state = lease.state): LeaseInfo {
    const { now } = this.#deps;
    const touchedAtMs = Math.max(lease.touchedAtMs, this.#touched.get(lease.token) ?? 0);
    return {
      id: lease.id,
      state,
      owner: lease.owner?.pid ?? null,
      ageMs: Math.max(0, now() - lease.acquiredAtMs),
      idleMs: Math.max(0, now() - touchedAtMs),
      expectBytes: lease.expectBytes,
      pids: lease.pids.map(({ pid }) => pid),
      data: lease.data,
    };
  }

  /** Finds owners and sessions that have ended. Part of a change. */
  sweep(ledger: Ledger, tell: Tell): void {
    const { processes, health, store } = this.#deps;
    const { orphaned, freed } = sweep(ledger, processes, health.read(), (guardSlot) =>
      store.guardLives(guardSlot),
    );
    this.counters.orphaned += orphaned.length;
    this.counters.freed += freed.length;
    for (const lease of orphaned) tell('orphaned', { lease: this.info(lease) });
    for (const lease of freed) tell('freed', { lease: this.info(lease) });
  }

  /** Returns the state, in which an owner that has exited since the last sweep already shows. */
  #stateOf(lease: LeaseRecord): LeaseRecord['state'] {
    const { processes, store } = this.#deps;
    const owned = lease.state === 'active' || lease.state === 'releasing';
    return owned && !ownerLives(lease, processes, (guardSlot) => store.guardLives(guardSlot))
      ? 'orphaned'
      : lease.state;
  }

  #writeTouches(ledger: Ledger): void {
    for (const [token, touchedAtMs] of this.#touched) {
      const lease = ledger.leases.get(token);
      if (lease !== undefined && lease.touchedAtMs < touchedAtMs) ledger.update(lease, { touchedAtMs });
    }
    this.#touched.clear();
  }

  /** Only the process whose change crosses the threshold warns, so all processes together warn once. */
  #warn(before: number, sessions: number, tell: Tell): void {
    const { warnAt, maxSessions } = this.#deps.options;
    if (before < warnAt && sessions >= warnAt) tell('warning', { sessions, warnAt, maxSessions });
  }
}
