import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../ledger/ledger.js';
import { canMap, evidence, isEnding, livingOf } from './evidence.js';
import type { LeaseRecord, ReleaseResult } from './lease.js';
import type { GuardDeps, LeaseTable, Tell } from './table.js';

const FIRST_WAIT_MS = 5;
const MOST_WAIT_MS = 200;

const isReleased = ({ state }: LeaseRecord) => state === 'leaking' || state === 'released-unverified';

/** Verifies whether a session has ended, and decides what happens to its place. */
export class ReleaseVerifier {
  readonly #deps: GuardDeps;
  readonly #table: LeaseTable;

  constructor(deps: GuardDeps, count: LeaseTable) {
    this.#deps = deps;
    this.#table = count;
  }

  /** Marks the session as ended, waits for its processes to exit, and settles the result. */
  async release(last: LeaseRecord): Promise<ReleaseResult> {
    const lease = this.#table.find(last.token) ?? last;
    if (this.#mustEnd(lease).length > 0 && lease.state === 'active') {
      await this.#table.change((ledger) => {
        const held = ledger.leases.get(lease.token);
        if (held !== undefined) ledger.update(held, { state: 'releasing' });
      });
    }
    return this.#settle(lease, await this.#observe(lease, this.#deps.options.releaseTimeoutMs));
  }

  /** Checks again a session whose end was not seen, or that was still running. */
  async verify(last: LeaseRecord): Promise<ReleaseResult> {
    const lease = this.#table.find(last.token) ?? last;
    const seen = await this.#observe(lease, 0);
    // A session that was not released does not end because it was checked.
    return isReleased(lease) ? this.#settle(lease, seen) : seen;
  }

  /** Returns true if a session being released has no process left: its place is about to be free. */
  anyReleasing(): boolean {
    const { store, processes } = this.#deps;
    return [...store.read().leases.values()].some(
      (lease) => lease.state === 'releasing' && isEnding(lease, processes),
    );
  }

  /** Verifies all leaking and unverified sessions. */
  async verifyAll(): Promise<void> {
    const ledger = this.#deps.store.read();
    const open = [...ledger.leases.values()].filter(({ state }) => state === 'leaking');
    await Promise.all([...open, ...ledger.unverified].map((lease) => this.verify(lease)));
  }

  /** Settles a session that `reconcile()` did not list, by what is visible now. Part of a change. */
  omit(lease: LeaseRecord, ledger: Ledger, tell: Tell): ReleaseResult {
    const seen = evidence(lease, this.#deps.processes, this.#deps.health.read(), 0);
    this.#place(lease, seen, ledger, tell);
    return seen;
  }

  /** Returns the processes that must exit. The calling service and the owner cannot wait for themselves. */
  #mustEnd({ pids, owner }: LeaseRecord): LeaseRecord['pids'] {
    const { self } = this.#deps.processes;
    return pids.filter(({ pid }) => pid !== self.pid && pid !== owner?.pid);
  }

  async #observe(lease: LeaseRecord, patienceMs: number): Promise<ReleaseResult> {
    const { processes, health, now } = this.#deps;
    const session = { pids: this.#mustEnd(lease) };
    const untilMs = now() + patienceMs;
    for (
      let waitMs = FIRST_WAIT_MS;
      livingOf(session, processes).length > 0 && now() < untilMs;
      waitMs *= 2
    ) {
      await sleep(Math.min(waitMs, MOST_WAIT_MS));
    }
    const goneMs = now();
    const isGone = session.pids.length > 0 && livingOf(session, processes).length === 0;
    if (isGone && canMap(session, processes)) await this.#listedSince(goneMs, untilMs);
    return evidence(session, processes, health.read(), goneMs);
  }

  /** Waits for NVML lists newer than `sinceMs`, read by the monitor: older ones show exited processes. */
  async #listedSince(sinceMs: number, untilMs: number): Promise<void> {
    const { health, now } = this.#deps;
    let asked = false;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MOST_WAIT_MS)) {
      const { listsAtMs, dark } = health.read();
      if (dark !== null || (listsAtMs ?? Number.NEGATIVE_INFINITY) >= sinceMs || now() >= untilMs) return;
      if (!asked) void health.readLists();
      asked = true;
      await sleep(Math.min(waitMs, untilMs - now()));
    }
  }

  async #settle(lease: LeaseRecord, seen: ReleaseResult): Promise<ReleaseResult> {
    await this.#table.change((ledger, tell) => {
      const held = ledger.leases.get(lease.token);
      if (held !== undefined) this.#place(held, seen, ledger, tell);
      else this.#remember(lease.token, seen, ledger, tell);
    });
    return seen;
  }

  #place(lease: LeaseRecord, seen: ReleaseResult, ledger: Ledger, tell: Tell): void {
    const { released } = this.#table.counters;
    // mutation: guard-survivors
    if (seen.released === true) {
      ledger.free(lease);
      released.verified += 1;
      tell('freed', { lease: this.#table.info(lease) });
    } else if (seen.released === false) {
      if (lease.state === 'leaking') return;
      ledger.update(lease, { state: 'leaking', guardSlot: null, owner: null });
      released.leaking += 1;
      const { survivors, leakedBytes } = seen;
      tell('leaking', { lease: this.#table.info(lease), survivors, leakedBytes });
    } else {
      ledger.free(lease);
      if (this.#canEverBeTold(lease)) ledger.remember(lease);
      released.unverified += 1;
      tell('unverified', { lease: this.#table.info(lease, 'released-unverified') });
    }
  }

  /** False without processes, and if NVML's pids are those of other processes. */
  #canEverBeTold(lease: LeaseRecord): boolean {
    return this.#mustEnd(lease).length > 0 && canMap(lease, this.#deps.processes);
  }

  /** Settles a session that no longer counts: if it still runs, it counts again, even above the limit. */
  #remember(token: string, seen: ReleaseResult, ledger: Ledger, tell: Tell): void {
    const lease = ledger.findUnverified(token);
    if (lease === undefined || seen.released === null) return;
    ledger.forgetUnverified(lease);
    if (seen.released === false) ledger.put(lease);
    this.#place(lease, seen, ledger, tell);
  }
}
