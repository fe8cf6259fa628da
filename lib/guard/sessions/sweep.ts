import type { GpuHealth } from '../health.js';
import type { Ledger } from '../ledger/ledger.js';
import type { ProcessTable } from '../processes.js';
import { hasEnded } from './evidence.js';
import type { LeaseRecord } from './lease.js';

/** Whether the guard of that number lives. */
export type GuardLives = (guardSlot: number) => boolean;

/** A guard is known to live by its store, which also sees into other pid namespaces; any other process by its pid. */
export function ownerLives(lease: LeaseRecord, table: ProcessTable, guardLives: GuardLives): boolean {
  if (lease.guardSlot !== null) return guardLives(lease.guardSlot);
  return lease.owner !== null && table.stateOf(lease.owner) !== 'ended';
}

/** What a sweep found. */
export interface Swept {
  orphaned: LeaseRecord[];
  freed: LeaseRecord[];
}

/**
 * Leases whose owner has ended become orphans, and places whose session has ended are free. An orphan still counts:
 * freeing it with its owner, while its session runs on, is how the seventh session comes in.
 */
export function sweep(ledger: Ledger, table: ProcessTable, health: GpuHealth, guardLives: GuardLives): Swept {
  const swept: Swept = { orphaned: [], freed: [] };
  for (const lease of [...ledger.leases.values()]) {
    const owned = lease.state === 'active' || lease.state === 'releasing';
    if (owned && !ownerLives(lease, table, guardLives)) {
      // The number may be another guard's later.
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
