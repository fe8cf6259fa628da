import type { GpuHealth } from '../health.js';
import type { ProcessIdentity, ProcessTable } from '../processes.js';
import type { LeaseRecord, ReleaseResult } from './lease.js';

const CANNOT_TELL: ReleaseResult = { released: null, leakedBytes: null, survivors: [] };

/** The kernel's word alone: which of a session's processes are seen to run. */
export function livingOf(lease: Pick<LeaseRecord, 'pids'>, table: ProcessTable): ProcessIdentity[] {
  return lease.pids.filter((process) => table.stateOf(process) === 'alive');
}

const haveEnded = (lease: Pick<LeaseRecord, 'pids'>, table: ProcessTable) =>
  lease.pids.every((process) => table.stateOf(process) === 'ended');

/** It was released or has lost its owner, all its processes have ended, and it counts until NVML's lists show that. */
export const isEnding = (lease: LeaseRecord, table: ProcessTable): boolean =>
  lease.state !== 'active' && lease.pids.length > 0 && haveEnded(lease, table);

/** NVML lists host pids: in a container with pids of its own they are those of other processes. */
export function canMap(lease: Pick<LeaseRecord, 'pids'>, table: ProcessTable): boolean {
  return table.hostPids && lease.pids.every((process) => process.namespace === table.self.namespace);
}

/** Bytes that NVML shows for these processes; null where one of them does not say. */
function bytesOf(pids: readonly number[], health: GpuHealth): number | null {
  const listed = (health.processes ?? []).filter(({ pid }) => pids.includes(pid));
  return listed.reduce<number | null>(
    (sum, { usedBytes }) => (sum === null || usedBytes === null ? null : sum + usedBytes),
    0,
  );
}

/** Those that NVML still lists although they have ended, and whose pid is no other process's. */
function leftOver(lease: Pick<LeaseRecord, 'pids'>, table: ProcessTable, health: GpuHealth): number[] {
  return lease.pids
    .map(({ pid }) => pid)
    .filter((pid) => health.processes?.some((listed) => listed.pid === pid) && table.identify(pid) === null);
}

/**
 * Whether a session has ended, as far as it can be seen.
 * @param sinceMs NVML's lists count from here on: older ones still show what has ended since
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

/** Nothing of an orphaned or leaking session is left to be seen: its place is free. Without pids that is never so. */
export function hasEnded(lease: LeaseRecord, table: ProcessTable, health: GpuHealth): boolean {
  if (lease.pids.length === 0 || !haveEnded(lease, table)) return false;
  const shown = canMap(lease, table) && health.dark === null;
  return !shown || leftOver(lease, table, health).length === 0;
}
