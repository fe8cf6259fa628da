import type { GpuHealth } from '../health.js';
import { byIdleness, type Ledger } from '../ledger/ledger.js';
import type { Held } from '../limits.js';
import type { ProcessTable } from '../processes.js';
import { canMap, isEnding } from './evidence.js';
import type { LeaseRecord } from './lease.js';

/**
 * Time within which a session uses the memory that it reserved, if NVML does not show it by pid. After that,
 * NVML's free memory is assumed to exclude it.
 */
const SETTLE_MS = 30_000;

/** Sums up what the leases hold beyond what NVML shows: nothing counts twice, and nothing is missed. */
export function heldOf(ledger: Ledger, health: GpuHealth, table: ProcessTable, nowMs: number): Held {
  let unseenBytes = 0;
  let unseenSessions = 0;
  let ending = 0;
  let oldest: LeaseRecord | undefined;
  for (const lease of ledger.leases.values()) {
    if (oldest === undefined || byIdleness(lease, oldest) < 0) oldest = lease;
    if (isEnding(lease, table)) ending += 1;
    if (lease.expectBytes > 0) unseenBytes += unseen(lease, health, table);
    if (!isSettled(lease, health) && !encodes(lease, health, table)) unseenSessions += 1;
  }
  return {
    sessions: ledger.count,
    unseenBytes,
    unseenSessions,
    ending,
    longestIdle: oldest && { id: oldest.id, idleMs: Math.max(0, nowMs - oldest.touchedAtMs) },
  };
}

const isSettled = (lease: LeaseRecord, health: GpuHealth) =>
  health.readingsAtMs !== null && health.readingsAtMs - lease.acquiredAtMs >= SETTLE_MS;

/** True if NVML shows an encoder session for one of its processes. */
const encodes = (lease: LeaseRecord, health: GpuHealth, table: ProcessTable) =>
  canMap(lease, table) && lease.pids.some(({ pid }) => health.encoderPids?.includes(pid));

function unseen(lease: LeaseRecord, health: GpuHealth, table: ProcessTable): number {
  if (lease.pids.length === 0 || health.processes === null || !canMap(lease, table)) {
    return isSettled(lease, health) ? 0 : lease.expectBytes;
  }
  const pids = new Set(lease.pids.map(({ pid }) => pid));
  const seen = health.processes.reduce(
    (sum, { pid, usedBytes }) => sum + (pids.has(pid) ? (usedBytes ?? 0) : 0),
    0,
  );
  return Math.max(0, lease.expectBytes - seen);
}
