import { deviceId } from '../probe/device-id.js';
import type { Device, DeviceNode, Facts, XidEvent } from '../probe/report.js';

/** What is kept of a GPU: the readings that later ones are compared with, without the names and lists. */
export interface PastDevice {
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
  /** Ids of its encoder sessions; null where the list was not read. */
  encoderSessions: number[] | null;
  /** Process ids, each once; null where the list was not read. */
  pids: number[] | null;
}

/** What is kept of an earlier look: small enough that a day of them is no burden to a service. */
export interface Moment {
  /** As in `Facts.takenAt`. */
  takenAt: string;
  deviceNodes: DeviceNode[];
  devices: PastDevice[];
  /** As in `Facts.xids`. */
  xids: XidEvent[] | null;
}

/** What rules may ask later of facts that were seen now. */
export function momentOf(facts: Facts): Moment {
  return {
    takenAt: facts.takenAt,
    deviceNodes: facts.host.deviceNodes,
    devices: facts.devices.map(pastDevice),
    xids: facts.xids,
  };
}

export function pastDevice(device: Device): PastDevice {
  return {
    id: deviceId(device),
    totalBytes: device.memory.totalBytes,
    usedBytes: device.memory.usedBytes,
    gpuUtilization: device.utilization.gpu,
    temperatureCelsius: device.temperatureCelsius,
    powerWatts: device.powerWatts,
    energyJoules: device.energyJoules,
    smHertz: device.clocks.smHertz,
    memoryHertz: device.clocks.memoryHertz,
    encoderSessions: device.encoder.sessions?.map(({ sessionId }) => sessionId) ?? null,
    pids: device.processes === null ? null : [...new Set(device.processes.map(({ pid }) => pid))],
  };
}
