import { timeBatch } from '../statistics.mjs';

const READS = 20_000;

/**
 * What a reader pays that asks nobody: for learning that nothing is new, which is what most reads find, and for
 * decoding a snapshot that is.
 * @type {import('../measure.mjs').Measure}
 */
export const sharedPage = {
  rows: [
    {
      id: 'page-read',
      what: 'reading the shared page, nothing new',
      unit: 'time',
      goal: { atMost: 100 },
      cost: 'the call into the addon, one lock, one clock',
    },
    {
      id: 'page-latest',
      what: 'the last snapshot as an object',
      unit: 'time',
      goal: { atMost: 200 },
      cost: 'the read of the page, which is a row above, and handing out what was decoded last',
    },
    { id: 'page-decode', what: 'decoding a new snapshot, two GPUs', unit: 'time' },
    {
      id: 'page-decode-number',
      what: 'the same per number',
      unit: 'time',
      goal: { atMost: 25 },
      cost: 'objects and lists that are made anew for each snapshot, beside the numbers in them',
    },
  ],
  async round(bench) {
    const { binding, sourceId, source } = bench;
    const target = Buffer.from(new ArrayBuffer(binding.layout.snapshotCapacity));
    const read = binding.openReader(sourceId, false, target, new Float64Array(5));
    const raw = timeBatch(READS, read);
    const latest = timeBatch(READS, () => source.snapshots.read());
    const decoded = timeBatch(READS, () => source.snapshots.decode());
    const numbers = bench.snapshot().devices.length * binding.layout.readings.length;
    return {
      'page-read': { value: raw },
      'page-latest': { value: latest },
      'page-decode': { value: decoded },
      'page-decode-number': { value: decoded / numbers },
    };
  },
};
