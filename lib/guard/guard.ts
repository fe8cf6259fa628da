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

/** How long a session whose processes have ended is waited for, when its place is wanted. */
const ENDING_MS = 500;
const ENDING_POLL_MS = 5;

/** What `reconcile()` did. */
export interface Reconciliation {
  /** Sessions without an owner that are over: their places are free. */
  freed: string[];
  /** Sessions that are said to be over, and run on: they count. */
  leaking: string[];
  /** Sessions that run and had no lease: they count now, as orphans. `acquire()` of the id takes one over. */
  entered: string[];
  /** Sessions that were not named and have an owner that lives: theirs is the word that ends them. */
  unlisted: string[];
}

/**
 * Admits sessions to a GPU as long as the next one can be expected to start: refuses the sixth, so that the seventh
 * does not take the others with it. See {@link createGuard}.
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
   * Takes a place for a session, before anything of it is created. Calls are answered in their order, and however many
   * overlap, no more than the limit are admitted. The first call waits for the first look at the GPU.
   * @throws GpuProbeError by rejecting: ERR_GPUPROBE_LIMIT, ERR_GPUPROBE_UNHEALTHY (refused; the message is for a user),
   * ERR_GPUPROBE_LEASE_HELD, ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_LEDGER*, ERR_GPUPROBE_CLOSED
   */
  async acquire(request: AcquireRequest): Promise<Lease> {
    this.#assertOpen();
    checkRequest(request);
    const looking = this.#firstLook();
    // Without anything to wait for, the place is taken before the call returns.
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
   * All sessions that count, the one that has been idle for longest first.
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*
   */
  leases(): LeaseInfo[] {
    return this.#table.read().leases;
  }

  /**
   * Holds the count against what really runs, as the service's own source of truth lists it. Orphans that are not named
   * are over, if nothing of them is seen to run; sessions that are named and have no lease are entered. To be called
   * as a service starts, and now and then: sessions end while nobody of theirs is there to say so.
   * @param activeIds ids of all sessions that run, of all processes of the service
   * @throws GpuProbeError by rejecting: ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_LEDGER*, ERR_GPUPROBE_CLOSED
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
   * Looks again at sessions that were released and of which nobody could tell whether they have ended, or which went on.
   * @throws GpuProbeError by rejecting: ERR_GPUPROBE_LEDGER*, ERR_GPUPROBE_CLOSED
   */
  async verify(): Promise<void> {
    this.#assertOpen();
    await this.#releases.verifyAll();
  }

  /**
   * How it stands, for a health route: what counts, what would be refused and why, and what cannot be seen.
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*
   */
  status(): GuardStatus {
    this.#watch.observe();
    return statusOf(this.#deps, this.#table, this.#admissions, this.#breaker);
  }

  /** What this guard has done so far. */
  counters(): GuardCounters {
    return structuredClone(this.#table.counters);
  }

  /**
   * Calls the listener at each event of that name. One that throws stops nothing.
   * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION for an event that there is not, or what is no function
   */
  on<Name extends GuardEventName>(name: Name, listener: GuardListener<Name>): this {
    this.#table.emitter.on(name, listener);
    return this;
  }

  /** Calls the listener no more. */
  off<Name extends GuardEventName>(name: Name, listener: GuardListener<Name>): this {
    this.#table.emitter.off(name, listener);
    return this;
  }

  /** Ends the guard, and not its sessions: with a file, their leases are orphans from now on. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    await this.#deps.store.close();
  }

  /** The same as {@link Guard.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Whoever comes before it is over waits for the same look, and so in the order of the calls. */
  #firstLook(): Promise<void> | null {
    if (this.#looking === null && !this.#deps.health.read().looked) {
      this.#looking = this.#deps.health.look().finally(() => {
        this.#looking = null;
      });
    }
    return this.#looking;
  }

  /** Asks the monitor for what would change the answer: a canary that wakes a suspended GPU, or NVML's lists. */
  async #mayChange(refusal: Refusal): Promise<boolean> {
    const { health, now } = this.#deps;
    if (isForWantOfWaking(refusal, health.read())) {
      await health.wake();
      return true;
    }
    if (refusal.limit !== 'sessions' || refusal.ending === 0) return false;
    await health.readLists();
    // One that is being released frees its own place as soon as it sees the lists.
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

  /** Changes a lease that has not ended, and what its handle knows of it. */
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
