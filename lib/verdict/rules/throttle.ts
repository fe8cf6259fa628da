import type { Device, Inference } from '../../probe/report.js';
import { joinAnd } from '../evidence.js';
import { impactOn } from '../impact.js';
import { perDevice } from '../per-device.js';
import type { Rule } from '../rule.js';

/** Clocks that the GPU lowers to protect itself. */

const HEAT = ['hw-thermal-slowdown', 'sw-thermal-slowdown'];
const POWER = ['hw-power-brake-slowdown'];

export const thermalThrottle: Rule = {
  id: 'thermal-throttle',
  impact: impactOn({ running: 'degraded' }),
  action: 'fix-config',
  scope: 'gpu',
  title: 'Slowed down by heat, or by its power supply',
  meaning: 'The GPU runs below the speed it could have, to protect itself. Work goes on, and takes longer.',
  detection: `throttleReasons has ${joinAnd([...HEAT, ...POWER])}.`,
  lookalikes: [
    'sw-power-cap: the GPU is at its power limit, as a busy one is.',
    'gpu-idle, applications-clocks-setting: slow because nothing, or somebody, asked for more.',
    'hw-slowdown alone: an older word for heat or power, seen for a moment at a change of clocks as well.',
  ],
  source: 'https://docs.nvidia.com/deploy/nvml-api/ (nvmlClocksEventReasons)',
  find: (view) =>
    perDevice(view, (device, id, label) => {
      const heat = (device.throttleReasons ?? []).filter((reason) => HEAT.includes(reason));
      const power = (device.throttleReasons ?? []).filter((reason) => POWER.includes(reason));
      if (heat.length + power.length === 0) return null;
      const by = joinAnd([
        ...(heat.length > 0 ? ['heat'] : []),
        ...(power.length > 0 ? ['its power supply'] : []),
      ]);
      return {
        summary: `${label} is slowed down by ${by}.`,
        observed: [`${id}: throttleReasons ${[...heat, ...power].join(', ')}`, ...readings(device, id)],
        inferred: [...(heat.length > 0 ? [HOT] : []), ...(power.length > 0 ? [BRAKED] : [])],
        remedy: [
          ...(heat.length > 0
            ? ['Look at the air: fans, filters, the neighbours in the chassis, the temperature of the room.']
            : []),
          ...(power.length > 0 ? ["Look at the power supplies and the card's power cables."] : []),
          'Until then, give the GPU less work: `nvidia-smi -i INDEX -pl WATTS` lowers its limit (as root).',
        ],
      };
    }),
};

const HOT: Inference = {
  cause: 'the GPU or its memory is at the temperature at which it slows down',
  confidence: 'proven',
  because: 'this is what the reason stands for; it does not say why it is hot',
};
const BRAKED: Inference = {
  cause: 'the machine has signalled to the card that it cannot supply the power',
  confidence: 'likely',
  because: 'the power brake is a signal from outside the card, mostly of the power supplies',
};

/** Returns for example `GPU-…: 91 C, 69 of 70 W, SM clock 900 MHz`, as far as it was read. */
function readings({ temperatureCelsius, powerWatts, powerLimitWatts, clocks }: Device, id: string): string[] {
  const limit = powerLimitWatts === null ? '' : ` of ${Math.round(powerLimitWatts)}`;
  const parts = [
    temperatureCelsius === null ? [] : [`${temperatureCelsius} C`],
    powerWatts === null ? [] : [`${Math.round(powerWatts)}${limit} W`],
    clocks.smHertz === null ? [] : [`SM clock ${Math.round(clocks.smHertz / 1e6)} MHz`],
  ].flat();
  return parts.length > 0 ? [`${id}: ${parts.join(', ')}`] : [];
}
