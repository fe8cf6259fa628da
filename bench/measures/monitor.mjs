import { createGpuProbe } from '../../build/lib/index.js';
import { readMachine, startMachine } from '../../build/lib/sim/machine.js';
import { timeBatch } from '../statistics.mjs';

const READS = 20_000;
const CALLERS = 10_000;
const HOUR_MS = 3_600_000;
/** The machine of {@link Bench}, at a pace of its own: its calls are counted. */
const simulate = { scenario: 'healthy', speed: 1.5 };

const nvmlCalls = () => readMachine(startMachine(simulate)).calls.nvml;
const nowNs = () => Number(process.hrtime.bigint());

/** A monitor that looks only when it is asked: what others pay who ask it, at any rate. */
function quiet() {
  const never = { intervalMs: HOUR_MS, listsIntervalMs: HOUR_MS, canaryIntervalMs: HOUR_MS };
  return createGpuProbe({ simulate, logger: false, ttlMs: 0, ...never });
}

/** @type {import('../measure.mjs').Measure} */
export const monitor = {
  rows: [
    {
      id: 'monitor-latest',
      what: 'latest()',
      unit: 'time',
      goal: { atMost: 200 },
      cost: 'two calls into the addon, for a clock that also runs while the machine sleeps and for the page, and the object that it returns',
    },
    {
      id: 'monitor-check',
      what: '10,000 check() at once, for all of them',
      unit: 'time',
      floor: 'one check()',
    },
    {
      id: 'monitor-check-trips',
      what: 'looks at the driver that they cause',
      unit: 'count',
      goal: { atMost: 1 },
    },
  ],
  async round() {
    const gpu = quiet();
    await gpu.check();
    timeBatch(READS, () => gpu.latest()); // until it is compiled
    const latest = timeBatch(READS, () => gpu.latest());
    const [callsBefore, begun] = [nvmlCalls(), nowNs()];
    await gpu.check();
    const one = nowNs() - begun;
    const [callsOfOne, again] = [nvmlCalls() - callsBefore, nowNs()];
    const reports = await Promise.all(Array.from({ length: CALLERS }, () => gpu.check()));
    const all = nowNs() - again;
    const trips = (nvmlCalls() - callsBefore - callsOfOne) / callsOfOne;
    if (new Set(reports).size !== 1) throw new Error('callers at once had different reports');
    await gpu.close();
    return {
      'monitor-latest': { value: latest },
      'monitor-check': { value: all, floor: one },
      'monitor-check-trips': { value: trips },
    };
  },
};
