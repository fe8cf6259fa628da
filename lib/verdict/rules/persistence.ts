import { seconds } from '../../format.js';
import type { Check } from '../../probe/report.js';
import { quote } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Rule } from '../rule.js';
import type { View } from '../view.js';

/** The cost of the driver deinitialising a GPU that nobody has open. */

/** Opening initialised GPUs takes tens of milliseconds. */
const SLOW_MS = 1000;

export const PERSIST =
  'On the host, as root: `nvidia-smi -pm 1`, or better the service nvidia-persistenced: the GPUs then stay initialised.';

export const persistenceModeOff: Rule = {
  id: 'persistence-mode-off',
  impact: impactOn({}),
  action: 'fix-config',
  scope: 'machine',
  title: 'Slow first open: persistence mode is off',
  meaning:
    'Without persistence mode the driver shuts a GPU down when nobody has it open, and initialises it again at the next ' +
    'open: 1 to 3 s for each GPU. The GPU is well; whatever opens it first waits.',
  detection: 'nvml.init or nvml.devices took over 1 s and worked, and persistenceMode of a GPU is off.',
  lookalikes: [
    'A driver that is slow because other processes start CUDA: up to 0.1 s each, with persistence mode on.',
  ],
  source:
    'https://docs.nvidia.com/deploy/driver-persistence/; netdata/netdata#18690, NVIDIA/nvidia-docker#628, Azure/AgentBaker#2897',
  find(view) {
    const slow = slowOpens(view);
    const off = view.facts.devices.filter(({ persistenceMode }) => persistenceMode === false);
    const [slowest] = slow.toSorted((a, b) => b.durationMs - a.durationMs);
    if (slowest === undefined || off.length === 0) return [];
    return [
      {
        device: null,
        summary: `The first open of the driver took ${seconds(slowest.durationMs)}: persistence mode is off.`,
        observed: [
          ...slow.map((check) => `${quote(check)} after ${seconds(check.durationMs)}`),
          `persistence mode off: ${off.length} of ${view.facts.devices.length} GPUs`,
        ],
        inferred: [
          {
            cause: 'nobody had the GPUs open, so the driver initialised them first',
            confidence: 'likely',
            because: 'persistence mode is off, and opens after the first are fast',
          },
        ],
        remedy: [
          PERSIST,
          'A health check with a time limit of its own pays this each time: give it more than this.',
        ],
      },
    ];
  },
};

function slowOpens(view: View): Check[] {
  return view
    .checks({ id: ['nvml.init', 'nvml.devices'], outcome: 'ok' })
    .filter(({ device, durationMs }) => device === null && durationMs >= SLOW_MS);
}
