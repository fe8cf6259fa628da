import type { GpuHealth } from '../health.js';
import type { ProcessIdentity, ProcessTable } from '../processes.js';
import type { LeaseRecord, ReleaseResult } from './lease.js';

const CANNOT_TELL: ReleaseResult = { released: null, leakedBytes: null, survivors: [] };

/** Returns the session's processes that are running, from the kernel alone. */
export function livingOf(lease: Pick<LeaseRecord, 'pids'>, table: ProcessTable): ProcessIdentity[] {
  return lease.pids.filter((process) => table.stateOf(process) === 'alive');
}

const haveEnded = (lease: Pick<LeaseRecord, 'pids'>, table: ProcessTable) =>
  lease.pids.every((process) => table.stateOf(process) === 'ended');

/** True if a released or orphaned session has no processes left, and only NVML's lists do not show it yet. */
export const isEnding = (lease: LeaseRecord, table: ProcessTable): boolean =>
  lease.state !== 'active' && lease.pids.length > 0 && haveEnded(lease, table);

/** True if NVML's host pids match the lease's: in a container's pid namespace they name other processes. */
export function canMap(lease: Pick<LeaseRecord, 'pids'>, table: ProcessTable): boolean {
  return table.hostPids && lease.pids.every((process) => process.namespace === table.self.namespace);
}

/** Returns the bytes that NVML shows for these processes; null if one of them is not known. */
function bytesOf(pids: readonly number[], health: GpuHealth): number | null {
  const listed = (health.processes ?? []).filter(({ pid }) => pids.includes(pid));
  return listed.reduce<number | null>(
    (sum, { usedBytes }) => (sum === null || usedBytes === null ? null : sum + usedBytes),
    0,
  );
}

/** Returns pids that NVML still lists although their processes have exited and the pids are not reused. */
function leftOver(lease: Pick<LeaseRecord, 'pids'>, table: ProcessTable, health: GpuHealth): number[] {
  return lease.pids
    .map(({ pid }) => pid)
    .filter((pid) => health.processes?.some((listed) => listed.pid === pid) && table.identify(pid) === null);
}

/**
 * Determines whether a session has ended, as far as that is visible.
 * @param sinceMs NVML lists older than this are ignored, because they still show processes that have exited
 * since
 */
export function evidence(
  lease: Pick<LeaseRecord, 'pids'>,
  table: ProcessTable,
  health: GpuHealth,
  sinceMs: number,
): ReleaseResult {
  if (lease.pids.length === 0) return CANNOT_TELL;
  const shown = canMap(lease, table) && health.dark === null && health.processes !== null;
  const living = livingOf(lease, table).map(({ pid }) => pid);
  if (living.length > 0) {
    return { released: false, leakedBytes: shown ? bytesOf(living, health) : null, survivors: living };
  }
  if (!haveEnded(lease, table)) return CANNOT_TELL;
  // mutation: guard-old-list
  const fresh = shown && health.listsAtMs !== null && health.listsAtMs >= sinceMs;
  if (!fresh) return CANNOT_TELL;
  const survivors = leftOver(lease, table, health);
  return survivors.length > 0
    ? { released: false, leakedBytes: bytesOf(survivors, health), survivors }
    : { released: true, leakedBytes: 0, survivors: [] };
}

/** True if nothing of an orphaned or leaking session is left: its place is free. Never true without pids. */
export function hasEnded(lease: LeaseRecord, table: ProcessTable, health: GpuHealth): boolean {
  if (lease.pids.length === 0 || !haveEnded(lease, table)) return false;
  const shown = canMap(lease, table) && health.dark === null;
  return !shown || leftOver(lease, table, health).length === 0;
}
