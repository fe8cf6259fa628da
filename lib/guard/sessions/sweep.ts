import type { GpuHealth } from '../health.js';
import type { Ledger } from '../ledger/ledger.js';
import type { ProcessTable } from '../processes.js';
import { hasEnded } from './evidence.js';
import type { LeaseRecord } from './lease.js';

/** Returns whether the guard in that slot lives. */
export type GuardLives = (guardSlot: number) => boolean;

/** Asks the store about guards, because it also sees other pid namespaces, and /proc about other owners. */
export function ownerLives(lease: LeaseRecord, table: ProcessTable, guardLives: GuardLives): boolean {
  if (lease.guardSlot !== null) return guardLives(lease.guardSlot);
  return lease.owner !== null && table.stateOf(lease.owner) !== 'ended';
}

/** The result of a sweep. */
export interface Swept {
  orphaned: LeaseRecord[];
  freed: LeaseRecord[];
}

/**
 * Marks leases whose owner has exited as orphaned, and frees places whose session has ended. An orphan still
 * counts: if its place were freed while the session runs, a seventh session would come in.
 */
export function sweep(ledger: Ledger, table: ProcessTable, health: GpuHealth, guardLives: GuardLives): Swept {
  const swept: Swept = { orphaned: [], freed: [] };
  for (const lease of [...ledger.leases.values()]) {
    const owned = lease.state === 'active' || lease.state === 'releasing';
    if (owned && !ownerLives(lease, table, guardLives)) {
      // The slot number may belong to another guard later.
      ledger.update(lease, { state: 'orphaned', guardSlot: null, owner: null });
      swept.orphaned.push({ ...lease });
    }
    const over = lease.state === 'orphaned' || lease.state === 'leaking';
    // mutation: guard-orphan
    if (over && hasEnded(lease, table, health)) {
      ledger.free(lease);
      swept.freed.push(lease);
    }
  }
  return swept;
}
