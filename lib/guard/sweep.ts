import { hasEnded } from './evidence.js';
import type { GpuHealth } from './health.js';
import type { LeaseRecord } from './lease.js';
import type { Ledger } from './ledger.js';
import type { ProcessTable } from './processes.js';

/** Whether the guard of that number lives. */
export type HolderLives = (holder: number) => boolean;

/** An owner that is no guard's own process is known by its pid; the others by what their guard's store knows. */
export function ownerLives(lease: LeaseRecord, table: ProcessTable, holderLives: HolderLives): boolean {
  if (lease.owner !== null) return table.isAlive(lease.owner);
  return lease.holder !== null && holderLives(lease.holder);
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
export function sweep(
  ledger: Ledger,
  table: ProcessTable,
  health: GpuHealth,
  holderLives: HolderLives,
): Swept {
  const swept: Swept = { orphaned: [], freed: [] };
  for (const lease of [...ledger.leases.values()]) {
    // A number may be another guard's later.
    if (lease.holder !== null && !holderLives(lease.holder)) ledger.update(lease, { holder: null });
    const owned = lease.state === 'active' || lease.state === 'releasing';
    if (owned && !ownerLives(lease, table, holderLives)) {
      ledger.update(lease, { state: 'orphaned', holder: null, owner: null });
      swept.orphaned.push({ ...lease });
    }
    const over = lease.state === 'orphaned' || lease.state === 'leaking';
    if (over && hasEnded(lease, table, health)) {
      ledger.free(lease);
      swept.freed.push(lease);
    }
  }
  return swept;
}
