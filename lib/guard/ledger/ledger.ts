import type { LeaseRecord } from '../sessions/lease.js';

/** How many released sessions are remembered of which nobody knows whether they have ended. */
const MOST_UNVERIFIED = 64;

/** Who holds a place, and whose end is not known: what all guards of a file have in common. */
export class Ledger {
  /** By token. All of them count. */
  readonly leases = new Map<string, LeaseRecord>();
  /** Oldest first; they count no more. */
  readonly unverified: LeaseRecord[] = [];
  /** Something in it is other than it was read. */
  changed = false;

  get count(): number {
    return this.leases.size;
  }

  /** A session of that name which is not over. What leaks of an earlier one of that name is another session. */
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

  /** The place is free; nobody saw the session end, and it may be seen later. */
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

/** The one that has been idle for longest comes first. */
export const byIdleness = (a: LeaseRecord, b: LeaseRecord) => a.touchedAtMs - b.touchedAtMs;
