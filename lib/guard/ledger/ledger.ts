import type { LeaseRecord } from '../sessions/lease.js';

/** How many released sessions with an unverified end are remembered. */
const MOST_UNVERIFIED = 64;

/** The leases and the sessions with an unverified end, shared by all guards of a file. */
export class Ledger {
  /** By token. All of them count. */
  readonly leases = new Map<string, LeaseRecord>();
  /** Oldest first; they no longer count. */
  readonly unverified: LeaseRecord[] = [];
  /** True if the content differs from what was read. */
  changed = false;

  get count(): number {
    return this.leases.size;
  }

  /** Returns the session with this id that has not ended; a leaking one is an earlier session. */
  running(id: string): LeaseRecord | undefined {
    for (const lease of this.leases.values()) {
      if (lease.id === id && lease.state !== 'leaking') return lease;
    }
    return undefined;
  }

  put(lease: LeaseRecord): void {
    this.leases.set(lease.token, lease);
    this.changed = true;
  }

  free({ token }: Pick<LeaseRecord, 'token'>): void {
    this.leases.delete(token);
    this.changed = true;
  }

  /** Remembers a session whose place is free but whose end was not seen; it may be seen later. */
  remember(lease: LeaseRecord): void {
    this.unverified.push({ ...lease, state: 'released-unverified', owner: null, guardSlot: null });
    this.changed = true;
    if (this.unverified.length > MOST_UNVERIFIED) this.unverified.shift();
  }

  findUnverified(token: string): LeaseRecord | undefined {
    return this.unverified.find((lease) => lease.token === token);
  }

  forgetUnverified({ token }: Pick<LeaseRecord, 'token'>): void {
    const at = this.unverified.findIndex((lease) => lease.token === token);
    if (at < 0) return;
    this.unverified.splice(at, 1);
    this.changed = true;
  }

  update(lease: LeaseRecord, change: Partial<LeaseRecord>): void {
    Object.assign(lease, change);
    this.changed = true;
  }
}

/** Sorts the longest idle first. */
export const byIdleness = (a: LeaseRecord, b: LeaseRecord) => a.touchedAtMs - b.touchedAtMs;
