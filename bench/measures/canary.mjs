import { median, timeEach } from '../statistics.mjs';

const CANARIES = 25;

/**
 * A fork per check that opens CUDA and creates a context. The driver's own time is that of the same calls
 * in a small C process; what is left of the canary is gpuprobe's.
 * @type {import('../measure.mjs').Measure}
 */
export const canary = {
  rows: [
    { id: 'canary-whole', what: 'fresh CUDA context canary, JS to JS', unit: 'time', floor: 'raw C canary' },
    {
      id: 'canary',
      what: "the same, less the driver's own time",
      unit: 'time',
      floor: 'fork+exit',
      goal: { times: 3 },
      cost: 'the records of loading and initialising travel one by one, each with its wake-ups',
    },
  ],
  async round(bench) {
    const uuid = bench.snapshot().devices[0]?.uuid.value;
    const fork = await bench.floors.median('fork-exit', CANARIES);
    const raw = await bench.floors.median('canary', CANARIES);
    const driver = await bench.floors.median('canary-driver', CANARIES);
    const whole = median(await timeEach(CANARIES, () => bench.ask('freshContext', uuid)));
    return {
      'canary-whole': { value: whole, floor: raw },
      canary: { value: whole - driver, floor: fork },
    };
  },
};
