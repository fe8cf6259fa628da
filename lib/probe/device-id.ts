import type { Device } from './report.js';

/** How checks and findings name a device: UUID, else PCI bus id, else `index:N`. */
export function deviceId(device: Pick<Device, 'uuid' | 'pciBusId' | 'index'>): string {
  return device.uuid ?? device.pciBusId ?? `index:${device.index}`;
}
