import { seconds } from '../../format.js';
import type { Device } from '../../probe/report.js';
import { type PastReadings, pastReadings } from '../history.js';
import { impactOn } from '../impact.js';
import { perDevice } from '../per-device.js';
import type { Hit, Rule } from '../rule.js';
import type { View } from '../view.js';

/** Readings that stay the same in every look although something must have changed. */

/** Two intervals: one could fall between two driver updates, which are at most a second apart. */
const LOOKS = 3;

/**
 * Power is an average over a second on Ampere and newer, and the other readings are updated more often
 * (nvml.h: nvmlDeviceGetPowerUsage, nvmlUtilization_t: 1/6 to 1 s). Looks that are closer together may see
 * the same sample.
 */
const SHORTEST_MS = 2_000;

/**
 * The energy counter has a resolution of a millijoule (nvmlDeviceGetTotalEnergyConsumption), and an idle GPU
 * draws some watts: a thousand times that in a second. A counter that should have grown by this much and has
 * not is frozen.
 */
const MISSING_JOULES = 1;

/** One look of a series in which nothing changed. */
interface Look {
  atMs: number;
  device: PastReadings;
}

export const readingsFrozen: Rule = {
  id: 'readings-frozen',
  impact: impactOn({ watching: 'degraded' }),
  action: 'restart-app',
  scope: 'gpu',
  title: 'Readings that do not move',
  meaning:
    'The GPU answers, and gives the same readings again and again although they must have changed. What a dashboard ' +
    'shows is the past: it would show the same if the GPU were overloaded, or gone.',
  detection:
    `In ${LOOKS} looks or more, over ${seconds(SHORTEST_MS)} or more, every reading of a GPU is the same to the last digit, and: its ` +
    'energy counter stands still while it draws power; or, where it has no such counter, it is busy and its power does ' +
    'not move by a milliwatt.',
  lookalikes: [
    'An idle GPU may read the same for hours. It draws power, so its energy counter goes on; where it has none, an idle ' +
      'GPU is never called frozen.',
    'Every reading zero: readings-all-zero.',
    'A single look cannot see this: it takes a monitor, or several calls of one.',
  ],
  source:
    'https://docs.nvidia.com/deploy/nvml-api/ (nvmlDeviceGetTotalEnergyConsumption, nvmlDeviceGetPowerUsage)',
  find: (view) =>
    perDevice(view, (device, id, label) => {
      const run = unchanged(view, device, id);
      const [first] = run;
      if (first === undefined || run.length < LOOKS) return null;
      const spanMs = Date.parse(view.facts.takenAt) - first.atMs;
      if (!(spanMs >= SHORTEST_MS)) return null;
      const evidence = energyStands(first.device, spanMs) ?? busyAndStill(first.device);
      if (evidence === null) return null;
      return {
        summary: `The readings of ${label} have not moved for ${seconds(spanMs)}, although it ${evidence.although}.`,
        observed: [
          `${id}: ${run.length} looks in ${seconds(spanMs)}, all readings the same`,
          `${id}: ${evidence.line}`,
        ],
        ...evidence.rest,
      };
    }),
};

/** Returns the looks since the last change of any reading, oldest first, ending with this one. */
function unchanged(view: View, device: Device, id: string): Look[] {
  const now = pastReadings(device);
  const run: Look[] = [{ atMs: Date.parse(view.facts.takenAt), device: now }];
  for (const moment of view.history.toReversed()) {
    const before = moment.devices.find((past) => past.id === id);
    if (before === undefined || !same(before, now)) break;
    run.unshift({ atMs: Date.parse(moment.takenAt), device: before });
  }
  return run;
}

/** Readings that a GPU measures. Its users and their memory may well stay the same. */
const MEASURED = [
  'usedBytes',
  'gpuUtilization',
  'temperatureCelsius',
  'powerWatts',
  'energyJoules',
  'smHertz',
  'memoryHertz',
] as const;

function same(a: PastReadings, b: PastReadings): boolean {
  return MEASURED.every((field) => a[field] === b[field]);
}

interface Evidence {
  although: string;
  line: string;
  rest: Pick<Hit, 'inferred' | 'remedy'>;
}

/** A counter that has never counted, as on some virtual GPUs, proves nothing. */
function energyStands({ energyJoules, powerWatts }: PastReadings, spanMs: number): Evidence | null {
  if (!energyJoules || powerWatts === null) return null;
  const missing = (powerWatts * spanMs) / 1000;
  if (missing < MISSING_JOULES) return null;
  return {
    although: 'draws power',
    line: `energyJoules stands at ${energyJoules} with powerWatts ${powerWatts}: ${Math.round(missing)} J are missing`,
    rest: {
      inferred: [
        {
          cause: 'these are readings of the past',
          confidence: 'likely',
          because: 'a GPU that draws power uses energy, and its counter of it does not stand still',
        },
      ],
      remedy: REMEDY,
    },
  };
}

/**
 * For GPUs without a counter: the power of a working GPU varies by milliwatts from sample to sample at any
 * load. A GPU at its power limit stays at the limit, and an idle one may stay the same.
 */
function busyAndStill({ energyJoules, gpuUtilization, powerWatts }: PastReadings): Evidence | null {
  // mutation: idle-is-not-frozen
  if (energyJoules !== null || !gpuUtilization || !powerWatts) return null;
  return {
    although: 'is busy',
    line: `utilization.gpu ${gpuUtilization} and powerWatts ${powerWatts}, to the milliwatt`,
    rest: {
      inferred: [
        {
          cause: 'these are readings of the past',
          confidence: 'possible',
          because:
            'the power of a busy GPU moves from sample to sample; it has no energy counter that would prove it',
        },
      ],
      remedy: ['Look again in a minute: chance does not last.', ...REMEDY],
    },
  };
}

const REMEDY = [
  'Trust no reading of this GPU, and no dashboard fed from here; CUDA checks of this report still hold.',
  'Compare with `nvidia-smi` on the host: does it move there?',
  'Restart what reads NVML here; if it still stands still: the kernel log for Xid 62, 119 and 120, then reset the GPU.',
];
