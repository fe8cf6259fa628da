import { setTimeout as sleep } from 'node:timers/promises';
import { median, timeEach } from '../statistics.mjs';

const SNAPSHOTS = 300;
const PACED = 15;
const PAUSE_MS = 20;

/** @param {import('../bench.mjs').Bench} bench */
async function askAndRead(bench) {
  await bench.ask('telemetry');
  bench.snapshot();
}

/**
 * A fresh NVML snapshot without lists: asked for, taken, and read as numbers.
 * @type {import('../measure.mjs').Measure}
 */
export const snapshot = {
  rows: [
    {
      id: 'snapshot',
      what: 'fresh NVML snapshot, JS to JS, back to back',
      unit: 'time',
      floor: 'socketpair round trip',
      goal: { times: 6 },
      cost:
        'five wake-ups one after the other, in four processes; in a profile over half of the samples are in the ' +
        "kernel's wake-ups, and none of our functions has one percent. Asking the telemetry process directly would save two",
    },
    {
      id: 'snapshot-paced',
      what: 'the same, paced 20 ms apart',
      unit: 'time',
      floor: 'raw C',
      goal: { above: 0.6e6 },
    },
  ],
  async round(bench) {
    const roundTrip = await bench.floors.median('socketpair', SNAPSHOTS);
    const backToBack = median(await timeEach(SNAPSHOTS, () => askAndRead(bench)));
    const raw = await bench.floors.median('snapshot-paced', PACED);
    const paced = [];
    for (let i = 0; i < PACED; i++) {
      await sleep(PAUSE_MS);
      paced.push(...(await timeEach(1, () => askAndRead(bench))));
    }
    return {
      snapshot: { value: backToBack, floor: roundTrip },
      'snapshot-paced': { value: median(paced), floor: raw },
    };
  },
};
