import { timeBatch } from '../statistics.mjs';

const READS = 20_000;

/** What a reader pays that asks nobody: the copy out of the page, and its numbers as JavaScript's. */
/** @type {import('../measure.mjs').Measure} */
export const sharedPage = {
  rows: [
    { id: 'page-read', what: 'reading the shared page, raw', unit: 'time', goal: { atMost: 100 } },
    { id: 'page-decode', what: 'reading and decoding it, two GPUs', unit: 'time' },
    { id: 'page-decode-number', what: 'decoding alone, per number', unit: 'time', goal: { atMost: 25 } },
  ],
  async round(bench) {
    const { binding, sourceId, source } = bench;
    const target = Buffer.from(new ArrayBuffer(binding.layout.snapshot.capacity));
    const meta = new Float64Array(3);
    const raw = timeBatch(READS, () => binding.readSnapshot(sourceId, false, target, meta));
    const decoded = timeBatch(READS, () => source.snapshots.read());
    const devices = bench.snapshot().devices.length;
    const numbers = devices * binding.layout.snapshot.device.fields.length;
    return {
      'page-read': { value: raw },
      'page-decode': { value: decoded },
      'page-decode-number': { value: (decoded - raw) / numbers },
    };
  },
};
