import { deviceId } from '../probe/device-id.js';
import type { Device, DeviceNode, Facts, GpuProcess, RecoveryAction, XidEvent } from '../probe/report.js';

/** What is kept of a GPU: the readings that later ones are compared with, without the names and lists. */
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
  /** Ids of its encoder sessions; null where the list was not read in this look. */
  encoderSessions: number[] | null;
  /** Process ids, each once; null where the list was not read in this look. */
  pids: number[] | null;
  /** Bytes that each of those processes holds, in their order; null where the driver did not say. */
  pidBytes: (number | null)[] | null;
  /** What comes and goes on it, for the trend of the memory that stays. */
  sessions: PastSessions;
}

/** A GPU at an earlier moment. */
export interface PastDevice extends PastReadings {
  /** What the driver last asked for, and when that was read; null: it never could be read. */
  recovery: { action: RecoveryAction; at: string } | null;
}

/** Sessions of the encoder; or processes, on a GPU that has had none of those. */
export interface PastSessions {
  of: 'encoder' | 'processes';
  /** Of the last list that was read. */
  ids: readonly number[];
  /** How many have ended since the first moment. What comes and goes between two looks is not seen. */
  ended: number;
}

/** What is kept of an earlier look: small enough that a day of them is no burden to a service. */
export interface HistoryEntry {
  /** As in `Facts.takenAt`. */
  takenAt: string;
  deviceNodes: DeviceNode[];
  devices: PastDevice[];
  /** GPUs that were there earlier and are not now, so that their sessions are counted on when they come again. */
  absent: { id: string; sessions: PastSessions }[];
  /** All Xids up to here, each code once for each GPU. */
  xids: HeardXid[];
}

/** The last of the Xids of one code and GPU, and how many there were. */
export interface HeardXid extends XidEvent {
  count: number;
}

/** More codes than all GPUs of a machine give in practice. */
const MOST_XIDS = 256;

/** Xids with those of before, each code once for each GPU. */
export function heardXids(before: readonly HeardXid[], xids: readonly XidEvent[]): HeardXid[] {
  const heard = new Map(before.map((xid) => [`${xid.code} ${xid.device}`, xid]));
  for (const xid of xids) {
    const key = `${xid.code} ${xid.device}`;
    heard.set(key, { ...xid, count: (heard.get(key)?.count ?? 0) + 1 });
  }
  return [...heard.values()].slice(-MOST_XIDS);
}

/**
 * What rules may ask later of facts that were seen now.
 * @param before the moment before, from which sessions are counted on
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

/** An action that cannot be read any more has not gone by that. */
function recoveryOf(device: Device, at: string, before: HistoryEntry | undefined): PastDevice['recovery'] {
  if (device.recoveryAction !== null) return { action: device.recoveryAction, at };
  return before?.devices.find(({ id }) => id === deviceId(device))?.recovery ?? null;
}

/** The canaries' own contexts, which are no session of anybody's. */
const isOwn = ({ name }: GpuProcess) => name !== null && /(^|\/)gpuprobe-[a-z]+$/.test(name);

/**
 * @param listed whether its lists are of this look, and not carried on from an earlier one
 * @param before its sessions in the moment before
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
  // One that computes and draws is in two lists with the same memory.
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
