import type { FakeProcesses } from './world.js';

export interface ModelLease {
  id: string;
  state: 'active' | 'orphaned' | 'leaking';
  pids: number[];
  /** Undefined: the guard's own process. */
  owner: number | undefined;
  /** Whether somebody has its handle: not where the guard learned of the session by `reconcile()`. */
  held: boolean;
}

/**
 * What must count, worked out from what the test has done to the machine: plainly, without records, sweeps or evidence.
 * A lease is here as long as it holds a place.
 */
export class Model {
  leases: ModelLease[] = [];
  /** Released, and nobody could tell. */
  unverified: ModelLease[] = [];
  /** Pids that have ended and that NVML lists all the same. */
  readonly ghosts = new Set<number>();
  fault = false;
  dark = false;
  readonly #processes: FakeProcesses;

  constructor(processes: FakeProcesses) {
    this.#processes = processes;
  }

  running(id: string): ModelLease | undefined {
    return this.leases.find((lease) => lease.id === id && lease.state !== 'leaking');
  }

  get held(): ModelLease[] {
    return this.leases.filter(({ held }) => held);
  }

  isGone({ pids }: ModelLease): boolean {
    return pids.length > 0 && pids.every((pid) => !this.#processes.isRunning(pid) && !this.#isListed(pid));
  }

  /** What holds with the passing of time alone: owners end, and places of sessions that are seen to be gone are free. */
  settle(): void {
    for (const lease of this.leases) {
      if (lease.state === 'active' && lease.owner !== undefined && !this.#processes.isRunning(lease.owner)) {
        lease.state = 'orphaned';
      }
    }
    this.leases = this.leases.filter((lease) => lease.state === 'active' || !this.isGone(lease));
  }

  /** True, false and null as `release()` says them. */
  end(lease: ModelLease): boolean | null {
    const seen = this.#seen(lease);
    if (seen === false) {
      lease.state = 'leaking';
      return seen;
    }
    this.leases = this.leases.filter((other) => other !== lease);
    if (seen === null) this.unverified = [...this.unverified, lease].slice(-64);
    return seen;
  }

  verify(): void {
    for (const lease of this.leases.filter(({ state }) => state === 'leaking')) {
      if (this.#seen(lease) !== false) this.leases = this.leases.filter((other) => other !== lease);
      if (this.#seen(lease) === null) this.unverified = [...this.unverified, lease].slice(-64);
    }
    for (const lease of this.unverified) {
      const seen = this.#seen(lease);
      if (seen === null) continue;
      this.unverified = this.unverified.filter((other) => other !== lease);
      if (!seen) this.leases.push({ ...lease, state: 'leaking', held: false });
    }
  }

  #seen(lease: ModelLease): boolean | null {
    if (lease.pids.length === 0) return null;
    if (lease.pids.some((pid) => this.#processes.isRunning(pid))) return false;
    if (this.dark) return null;
    return !lease.pids.some((pid) => this.ghosts.has(pid));
  }

  #isListed(pid: number): boolean {
    return !this.dark && this.ghosts.has(pid);
  }
}
