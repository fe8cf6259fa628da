import { deviceId } from './device-id.js';
import type { Device } from './report.js';

/** True for the paths of fields that are read with the lists, and for their elements. */
const isListed = (path: string) => path === 'encoder.sessions' || /^processes(\.|$)/.test(path);

/** Copies the lists of the last reading, and the reasons for nulls in them, to devices without new lists. */
export function keepLists(devices: readonly Device[], before: readonly Device[]): void {
  const known = new Map(before.map((device) => [deviceId(device), device]));
  for (const device of devices) {
    const last = known.get(deviceId(device));
    if (last === undefined || device.memory.totalBytes === null) continue;
    device.encoder.sessions = last.encoder.sessions;
    device.processes = last.processes;
    const reasons = Object.entries(device.unavailable).filter(([path]) => !isListed(path));
    const kept = Object.entries(last.unavailable).filter(([path]) => isListed(path));
    device.unavailable = Object.fromEntries([...reasons, ...kept]);
  }
}
