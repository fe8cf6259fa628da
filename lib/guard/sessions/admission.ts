import { randomUUID } from 'node:crypto';
import { GpuProbeError } from '../../errors.js';
import type { Breaker } from '../breaker.js';
import type { Ledger } from '../ledger/ledger.js';
import { type Refusal, refusalOf } from '../limits.js';
import type { ProcessIdentity, ProcessTable } from '../processes.js';
import type { AcquireRequest, LeaseRecord } from './lease.js';
import { heldOf } from './reserved.js';
import type { GuardDeps, LeaseTable, Tell } from './table.js';

/** A request whose processes are identified by more than their pids. */
export interface Applicant {
  id: string;
  owner: ProcessIdentity;
  expectBytes: number;
  pids: ProcessIdentity[];
  data: string | null;
}

/** Start time of a process that exited before it was identified: no real process has it. */
const ENDED = -1;

/** Identifies the pids now. A process that has exited is kept as exited. */
export function identifyAll(pids: readonly number[], processes: ProcessTable): ProcessIdentity[] {
  const { namespace } = processes.self;
  return [...new Set(pids)].map((pid) => processes.identify(pid) ?? { pid, start: ENDED, namespace });
}

/** @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION */
export function applicantOf(request: AcquireRequest, { options, processes }: GuardDeps): Applicant {
  const owner = request.owner === undefined ? processes.self : processes.identify(request.owner);
  if (owner === null) {
    throw new GpuProbeError('ERR_GPUPROBE_INVALID_OPTION', `owner: no process ${request.owner}`);
  }
  return {
    id: request.id,
    owner,
    expectBytes: request.expectBytes ?? options.expectBytes,
    pids: identifyAll(request.pids ?? [], processes),
    data: request.data ?? null,
  };
}

/** A lease, or why there is none: a limit, or a lease with the same id that another caller holds. */
export type Admission = { lease: LeaseRecord } | { refusal: Refusal } | { held: LeaseRecord };

/** Decides on one more session, and takes its place in the same change. */
export class Admissions {
  readonly #deps: GuardDeps;
  readonly #table: LeaseTable;
  readonly #breaker: Breaker;

  constructor(deps: GuardDeps, count: LeaseTable, breaker: Breaker) {
    this.#deps = deps;
    this.#table = count;
    this.#breaker = breaker;
  }

  /** @throws GpuProbeError ERR_GPUPROBE_LEDGER* */
  admit(applicant: Applicant): Admission | Promise<Admission> {
    return this.#table.change((ledger, tell) => {
      const running = this.#runningAs(applicant.id, ledger, tell);
      if (running !== undefined) {
        return running.state === 'orphaned'
          ? { lease: this.#takeOver(running, applicant, ledger) }
          : { held: running };
      }
      const refusal = this.#refusal(applicant, ledger, tell);
      if (refusal !== null) {
        this.#table.counters.refused[refusal.limit] += 1;
        return { refusal };
      }
      const lease = this.#enter(applicant, ledger);
      this.#table.counters.admitted += 1;
      tell('admitted', { lease: this.#table.info(lease) });
      return { lease };
    });
  }

  /** Adds a running session that no process here has started. Part of a change. */
  enterOrphan(id: string, ledger: Ledger): void {
    const { expectBytes } = this.#deps.options;
    const { self } = this.#deps.processes;
    const lease = this.#enter({ id, owner: self, expectBytes, pids: [], data: null }, ledger);
    ledger.update(lease, { state: 'orphaned', owner: null, guardSlot: null });
    this.#table.counters.entered += 1;
  }

  /** Returns the refusal that one more session would get now; null if it would be admitted. */
  refusalNow(ledger: Ledger, expectBytes = this.#deps.options.expectBytes): Refusal | null {
    const { options: limits, health: source, processes, now } = this.#deps;
    const [health, nowMs] = [source.read(), now()];
    const held = heldOf(ledger, health, processes, nowMs);
    return refusalOf({ limits, held, health, breaker: this.#breaker, nowMs }, expectBytes);
  }

  #runningAs(id: string, ledger: Ledger, tell: Tell): LeaseRecord | undefined {
    if (ledger.running(id) === undefined) return undefined;
    this.#table.sweep(ledger, tell);
    return ledger.running(id);
  }

  /** Takes over a session that already runs and counts, so limits and health do not apply. */
  #takeOver(lease: LeaseRecord, { owner, pids, expectBytes, data }: Applicant, ledger: Ledger): LeaseRecord {
    const known = new Set(lease.pids.map(({ pid }) => pid));
    const taken: LeaseRecord = {
      ...lease,
      // Invalidates the handle of the previous owner.
      token: randomUUID(),
      state: 'active',
      owner,
      guardSlot: this.#guardSlotFor(owner),
      touchedAtMs: this.#deps.now(),
      expectBytes: Math.max(expectBytes, lease.expectBytes),
      pids: [...lease.pids, ...pids.filter(({ pid }) => !known.has(pid))],
      data: data ?? lease.data,
    };
    ledger.free(lease);
    ledger.put(taken);
    return taken;
  }

  /** Asks the kernel which processes have exited only if that could make room. */
  #refusal({ expectBytes }: Applicant, ledger: Ledger, tell: Tell): Refusal | null {
    const first = this.refusalNow(ledger, expectBytes);
    if (first?.limit !== 'sessions' && first?.limit !== 'memory') return first;
    this.#table.sweep(ledger, tell);
    return this.refusalNow(ledger, expectBytes);
  }

  #guardSlotFor(owner: ProcessIdentity): number | null {
    const { processes, store } = this.#deps;
    return owner.pid === processes.self.pid ? store.guardSlot : null;
  }

  #enter({ id, owner, expectBytes, pids, data }: Applicant, ledger: Ledger): LeaseRecord {
    const nowMs = this.#deps.now();
    const lease: LeaseRecord = {
      id,
      token: randomUUID(),
      state: 'active',
      owner,
      guardSlot: this.#guardSlotFor(owner),
      acquiredAtMs: nowMs,
      touchedAtMs: nowMs,
      expectBytes,
      pids,
      data,
    };
    // mutation: guard-reservation
    ledger.put(lease);
    return lease;
  }
}
