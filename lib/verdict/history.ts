import { deviceId } from '../probe/device-id.js';
import type { Device, DeviceNode, Facts, GpuProcess, RecoveryAction, XidEvent } from '../probe/report.js';

/** The readings of a GPU that later readings are compared with, without names and lists. */
export interface PastReadings {
  /** As in `Check.device`. */
  id: string;
  totalBytes: number | null;
  usedBytes: number | null;
  gpuUtilization: number | null;
  temperatureCelsius: number | null;
  powerWatts: number | null;
  energyJoules: number | null;
  smHertz: number | null;
  memoryHertz: number | null;
  /** Ids of its encoder sessions; null if this look did not read the list. */
  encoderSessions: number[] | null;
  /** Process ids without duplicates; null if this look did not read the list. */
  pids: number[] | null;
  /** Bytes held by each of those processes, in the same order; null if the driver did not say. */
  pidBytes: (number | null)[] | null;
  /** Sessions that start and end on it, for the trend of the remaining memory. */
  sessions: PastSessions;
}

/** A GPU at an earlier time. */
export interface PastDevice extends PastReadings {
  /** The recovery action that was last read, and when; null if it could never be read. */
  recovery: { action: RecoveryAction; at: string } | null;
}

/** Encoder sessions; or processes, on a GPU that has had no encoder sessions. */
export interface PastSessions {
  of: 'encoder' | 'processes';
  /** Ids from the last list that was read. */
  ids: readonly number[];
  /** Number of sessions that have ended since the first entry. Sessions between two looks are not seen. */
  ended: number;
}

/** What is kept of an earlier look: small enough that a service can hold a day of them. */
export interface HistoryEntry {
  /** As in `Facts.takenAt`. */
  takenAt: string;
  deviceNodes: DeviceNode[];
  devices: PastDevice[];
  /** GPUs that were present earlier and are missing now, to continue their session counts if they return. */
  absent: { id: string; sessions: PastSessions }[];
  /** All Xids so far, one entry per code and GPU. */
  xids: HeardXid[];
}

/** The last Xid of one code and GPU, and how many there were. */
export interface HeardXid extends XidEvent {
  count: number;
}

/** Limit; more codes than all GPUs of a machine produce in practice. */
const MOST_XIDS = 256;

/** Merges new Xids into the earlier ones, one entry per code and GPU. */
export function heardXids(before: readonly HeardXid[], xids: readonly XidEvent[]): HeardXid[] {
  const heard = new Map(before.map((xid) => [`${xid.code} ${xid.device}`, xid]));
  for (const xid of xids) {
    const key = `${xid.code} ${xid.device}`;
    heard.set(key, { ...xid, count: (heard.get(key)?.count ?? 0) + 1 });
  }
  return [...heard.values()].slice(-MOST_XIDS);
}

/**
 * Returns what later rules may need of these facts.
 * @param before the previous entry, whose session counts are continued
 */
export function historyEntryOf(facts: Facts, before?: HistoryEntry): HistoryEntry {
  const { telemetry, lists } = facts.parts;
  const listed = lists !== null && lists === telemetry;
  const known = new Map(
    [...(before?.devices ?? []), ...(before?.absent ?? [])].map(({ id, sessions }) => [id, sessions]),
  );
  const devices = facts.devices.map((device) => ({
    ...pastReadings(device, listed, known.get(deviceId(device))),
    recovery: recoveryOf(device, facts.takenAt, before),
  }));
  for (const { id } of devices) known.delete(id);
  return {
    takenAt: facts.takenAt,
    deviceNodes: facts.host.deviceNodes,
    devices,
    absent: [...known].map(([id, sessions]) => ({ id, sessions })),
    xids: heardXids(before?.xids ?? [], facts.xids ?? []),
  };
}

/** A recovery action that can no longer be read still applies. */
function recoveryOf(device: Device, at: string, before: HistoryEntry | undefined): PastDevice['recovery'] {
  if (device.recoveryAction !== null) return { action: device.recoveryAction, at };
  return before?.devices.find(({ id }) => id === deviceId(device))?.recovery ?? null;
}

/** True for the canaries' own contexts, which are nobody's sessions. */
const isOwn = ({ name }: GpuProcess) => name !== null && /(^|\/)gpuprobe-[a-z]+$/.test(name);

/**
 * @param listed true if the lists are from this look, not carried over from an earlier one
 * @param before the sessions of the previous entry
 */
export function pastReadings(device: Device, listed = true, before?: PastSessions): PastReadings {
  const encoderSessions = listed ? device.encoder.sessions : null;
  const processes = listed ? (device.processes?.filter((process) => !isOwn(process)) ?? null) : null;
  const bytes = processes === null ? null : bytesByPid(processes);
  const past = {
    id: deviceId(device),
    totalBytes: device.memory.totalBytes,
    usedBytes: device.memory.usedBytes,
    gpuUtilization: device.utilization.gpu,
    temperatureCelsius: device.temperatureCelsius,
    powerWatts: device.powerWatts,
    energyJoules: device.energyJoules,
    smHertz: device.clocks.smHertz,
    memoryHertz: device.clocks.memoryHertz,
    encoderSessions: encoderSessions?.map(({ sessionId }) => sessionId) ?? null,
    pids: bytes === null ? null : [...bytes.keys()],
    pidBytes: bytes === null ? null : [...bytes.values()],
  };
  return { ...past, sessions: sessionsOf(past, before) };
}

function bytesByPid(processes: readonly GpuProcess[]): Map<number, number | null> {
  const bytes = new Map<number, number | null>();
  // A process that computes and draws is in two lists with the same memory.
  for (const { pid, usedBytes } of processes) {
    const known = bytes.get(pid) ?? null;
    bytes.set(pid, usedBytes === null || known === null ? (usedBytes ?? known) : Math.max(known, usedBytes));
  }
  return bytes;
}

function sessionsOf(
  { encoderSessions, pids }: Pick<PastReadings, 'encoderSessions' | 'pids'>,
  before: PastSessions = { of: 'processes', ids: [], ended: 0 },
): PastSessions {
  const ofEncoder = before.of === 'encoder' || (encoderSessions?.length ?? 0) > 0;
  const ids = ofEncoder ? encoderSessions : pids;
  if (ids === null) return before;
  if (ofEncoder && before.of === 'processes') return { of: 'encoder', ids, ended: before.ended };
  const gone = before.ids.filter((id) => !ids.includes(id)).length;
  return { of: before.of, ids, ended: before.ended + gone };
}
