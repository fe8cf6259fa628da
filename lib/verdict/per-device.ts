import { deviceId } from '../probe/device-id.js';
import type { Device } from '../probe/report.js';
import type { Hit } from './rule.js';
import type { View } from './view.js';

/** Returns one hit for each GPU for which `describe` returns one. */
export function perDevice(
  view: View,
  describe: (device: Device, id: string, label: string) => Omit<Hit, 'device'> | null,
): Hit[] {
  return view.facts.devices.flatMap((device) => {
    const id = deviceId(device);
    const hit = describe(device, id, view.label(id));
    return hit === null ? [] : [{ device: id, ...hit }];
  });
}
