import type { Device } from './report.js';

/** The kernel and CUDA use a four-digit PCI domain, NVML an eight-digit one. */
export const normalisePciBusId = (id: string) => id.toLowerCase().padStart('00000000:00:00.0'.length, '0');

/** Returns the name of a device in checks and findings: UUID, else PCI bus id, else `index:N`. */
export function deviceId(device: Pick<Device, 'uuid' | 'pciBusId' | 'index'>): string {
  return device.uuid ?? device.pciBusId ?? `index:${device.index}`;
}
