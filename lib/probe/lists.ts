import { deviceId } from './device-id.js';
import type { Device } from './report.js';

/** Paths of what is read with the lists, and of the elements below. */
const isListed = (path: string) => path === 'encoder.sessions' || /^processes(\.|$)/.test(path);

/** Gives devices of which the lists were not read those that were read last, with the reasons for what is null in them. */
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
