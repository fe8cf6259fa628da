import { setTimeout as sleep } from 'node:timers/promises';
import { GpuProbeError } from '../errors.js';
import { Breaker } from './breaker.js';
import type { GuardCounters } from './counters.js';
import type { GuardEventName, GuardListener } from './events.js';
import { isForWantOfWaking, type Refusal } from './limits.js';
import { checkData, checkIds, checkPids, checkRequest } from './options.js';
import { refusalError } from './refusal.js';
import { Admissions, applicantOf, identifyAll } from './sessions/admission.js';
import type { AcquireRequest, Lease, LeaseInfo, LeaseRecord } from './sessions/lease.js';
import { ReleaseVerifier } from './sessions/release.js';
import { type GuardDeps, LeaseTable } from './sessions/table.js';
import { type GuardStatus, statusOf } from './status.js';
import { Watch } from './watch.js';

/** Longest wait, when a place is needed, for a session whose processes have already exited. */
const ENDING_MS = 500;
const ENDING_POLL_MS = 5;

/** The result of `reconcile()`. */
export interface Reconciliation {
  /** Sessions without an owner that have ended: their places are free. */
  freed: string[];
  /** Sessions reported ended that still run: they count. */
  leaking: string[];
  /** Sessions that ran without a lease: now orphans that count. `acquire()` with the id takes one over. */
  entered: string[];
  /** Sessions that were not listed but have a living owner: only the owner can end them. */
  unlisted: string[];
}

/**
 * Admits sessions to a GPU while the next one can be expected to start: it refuses the sixth, so that the
 * seventh does not take the others down. See {@link createGuard}.
 */
export class Guard implements AsyncDisposable {
  readonly #deps: GuardDeps;
  readonly #table: LeaseTable;
  readonly #breaker: Breaker;
  readonly #admissions: Admissions;
  readonly #releases: ReleaseVerifier;
  readonly #watch: Watch;
  #closed = false;
  #looking: Promise<void> | null = null;

  /** @internal */
  constructor(deps: GuardDeps) {
    this.#deps = deps;
    this.#table = new LeaseTable(deps);
    this.#breaker = new Breaker();
    this.#admissions = new Admissions(deps, this.#table, this.#breaker);
    this.#releases = new ReleaseVerifier(deps, this.#table);
    this.#watch = new Watch(deps, this.#table, this.#breaker);
  }

  /**
   * Takes a place for a session, before anything of it is created. Calls are served in order, and concurrent
   * calls never exceed the limit. The first call waits for the first look at the GPU.
   * @throws GpuProbeError by rejecting: ERR_GPUPROBE_LIMIT, ERR_GPUPROBE_UNHEALTHY (refused; the message is
   * for a user), ERR_GPUPROBE_LEASE_HELD, ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_LEDGER*,
   * ERR_GPUPROBE_CLOSED
   */
  async acquire(request: AcquireRequest): Promise<Lease> {
    this.#assertOpen();
    checkRequest(request);
    const looking = this.#firstLook();
    // Without an await, the place is taken before the call returns.
    if (looking !== null) await looking;
    this.#assertOpen();
    this.#watch.observe();
    const applicant = applicantOf(request, this.#deps);
    let last = await this.#admissions.admit(applicant);
    if ('refusal' in last && (await this.#mayChange(last.refusal))) {
      this.#assertOpen();
      this.#watch.observe();
      last = await this.#admissions.admit(applicant);
    }
    const evicted = 'refusal' in last && last.refusal.limit === 'sessions' && (await this.#evict());
    if (evicted) last = await this.#admissions.admit(applicant);
    if ('lease' in last) return this.#handle(last.lease);
    if ('held' in last) {
      throw new GpuProbeError(
        'ERR_GPUPROBE_LEASE_HELD',
        `the session ${JSON.stringify(request.id)} has a lease already`,
      );
    }
    const error = refusalError(last.refusal, this.#deps.options.helpUrl);
    this.#table.tell('refused', { id: request.id, error });
    throw error;
  }

  /**
   * Returns all leases that count, the longest idle first.
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*
   */
  leases(): LeaseInfo[] {
    return this.#table.read().leases;
  }

  /**
   * Compares the leases with the sessions that run, as the service's own source of truth lists them. An
   * orphan that is not listed has ended if nothing of it is seen to run. A listed session without a lease is
   * added. Call this when the service starts, and from time to time: sessions can end while no process of the
   * service is there to report it.
   * @param activeIds ids of all sessions that run, of all processes of the service
   * @throws GpuProbeError by rejecting: ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_LEDGER*,
   * ERR_GPUPROBE_CLOSED
   */
  async reconcile(activeIds: readonly string[]): Promise<Reconciliation> {
    this.#assertOpen();
    const active = checkIds(activeIds);
    return this.#table.change((ledger, tell) => {
      const done: Reconciliation = { freed: [], leaking: [], entered: [], unlisted: [] };
      this.#table.sweep(ledger, tell);
      const known = new Set([...ledger.leases.values()].map(({ id }) => id));
      for (const lease of [...ledger.leases.values()]) {
        if (active.has(lease.id)) continue;
        if (lease.state === 'active' || lease.state === 'releasing') done.unlisted.push(lease.id);
        else
          done[this.#releases.omit(lease, ledger, tell).released === false ? 'leaking' : 'freed'].push(
            lease.id,
          );
      }
      for (const id of active) {
        if (known.has(id)) continue;
        this.#admissions.enterOrphan(id, ledger);
        done.entered.push(id);
      }
      return done;
    });
  }

  /**
   * Checks again the released sessions whose end could not be verified, and those that still ran.
   * @throws GpuProbeError by rejecting: ERR_GPUPROBE_LEDGER*, ERR_GPUPROBE_CLOSED
   */
  async verify(): Promise<void> {
    this.#assertOpen();
    await this.#releases.verifyAll();
  }

  /**
   * Returns the guard's status, for a health route: what counts, what would be refused and why, what cannot
   * be seen.
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*
   */
  status(): GuardStatus {
    this.#watch.observe();
    return statusOf(this.#deps, this.#table, this.#admissions, this.#breaker);
  }

  /** Returns the counters of this guard. */
  counters(): GuardCounters {
    return structuredClone(this.#table.counters);
  }

  /**
   * Calls the listener for each event of that name. An exception in a listener affects nothing else.
   * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION if the event does not exist, or the listener is not a
   * function
   */
  on<Name extends GuardEventName>(name: Name, listener: GuardListener<Name>): this {
    this.#table.emitter.on(name, listener);
    return this;
  }

  /** Removes the listener. */
  off<Name extends GuardEventName>(name: Name, listener: GuardListener<Name>): this {
    this.#table.emitter.off(name, listener);
    return this;
  }

  /** Closes the guard but not its sessions: with a file, their leases become orphans. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    await this.#deps.store.close();
  }

  /** Same as {@link Guard.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Callers that arrive during the first look wait for the same look, which keeps their order. */
  #firstLook(): Promise<void> | null {
    if (this.#looking === null && !this.#deps.health.read().looked) {
      this.#looking = this.#deps.health.look().finally(() => {
        this.#looking = null;
      });
    }
    return this.#looking;
  }

  /** Asks the monitor for what may change the answer: a canary that wakes a suspended GPU, or the lists. */
  async #mayChange(refusal: Refusal): Promise<boolean> {
    const { health, now } = this.#deps;
    if (isForWantOfWaking(refusal, health.read())) {
      await health.wake();
      return true;
    }
    if (refusal.limit !== 'sessions' || refusal.ending === 0) return false;
    await health.readLists();
    // A session that is being released frees its place as soon as it sees the lists.
    for (const untilMs = now() + ENDING_MS; this.#releases.anyReleasing() && now() < untilMs; )
      await sleep(ENDING_POLL_MS);
    return true;
  }

  async #evict(): Promise<boolean> {
    const { evict } = this.#deps.options;
    const candidate = evict === undefined ? undefined : this.leases()[0];
    if (evict === undefined || candidate === undefined || !(await evict(candidate))) return false;
    this.#table.counters.evicted += 1;
    return true;
  }

  #handle(lease: LeaseRecord): Lease {
    const last = { ...lease };
    const whileOpen = <T>(act: () => Promise<T>): Promise<T> => {
      this.#assertOpen();
      return act();
    };
    return {
      id: lease.id,
      touch: () => this.#table.touch(last.token),
      attach: async (pids) => {
        checkPids(pids);
        const added = identifyAll(pids, this.#deps.processes);
        await this.#amend(last, (held) => {
          const others = held.pids.filter(({ pid }) => !pids.includes(pid));
          checkPids([...others.map(({ pid }) => pid), ...pids]);
          return { pids: [...others, ...added] };
        });
      },
      keep: async (data) => {
        checkData(data);
        await this.#amend(last, () => ({ data }));
      },
      release: async () => whileOpen(() => this.#releases.release(last)),
      verify: async () => whileOpen(() => this.#releases.verify(last)),
    };
  }

  /** Changes a lease that has not ended, and updates its handle. */
  async #amend(last: LeaseRecord, amend: (held: LeaseRecord) => Partial<LeaseRecord>): Promise<void> {
    this.#assertOpen();
    await this.#table.change((ledger) => {
      const held = ledger.leases.get(last.token);
      if (held === undefined) {
        const name = JSON.stringify(last.id);
        throw new GpuProbeError('ERR_GPUPROBE_LEASE_ENDED', `the lease of ${name} has ended`);
      }
      ledger.update(held, amend(held));
      Object.assign(last, held);
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new GpuProbeError('ERR_GPUPROBE_CLOSED', 'this guard is closed');
  }
}
