import { theilSen } from './slope.mjs';

/** @typedef {import('./run.mjs').Sample} Sample */
/** @typedef {'serviceBytes' | 'wardenBytes' | 'heapBytes'} Grows */
/** @typedef {'descriptors' | 'wardenDescriptors' | 'threads' | 'children'} Counted */

export const WHAT = /** @type {const} */ ({
  serviceBytes: 'service, VmRSS',
  wardenBytes: 'warden, VmRSS',
  heapBytes: "the service's JavaScript heap, after a collection",
  descriptors: "the service's descriptors",
  wardenDescriptors: "the warden's descriptors",
  threads: "the service's threads",
  children: 'processes of gpuprobe',
});
const GROWING = /** @type {Grows[]} */ (['serviceBytes', 'wardenBytes', 'heapBytes']);
const COUNTED = /** @type {Counted[]} */ (['descriptors', 'wardenDescriptors', 'threads', 'children']);

/** Samples are not independent: memory that was taken stays for a while. Medians of so many in a row nearly are. */
const BLOCK = 5;

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** @param {Sample[]} samples @param {Grows} what */
function blocks(samples, what) {
  return Array.from({ length: Math.floor(samples.length / BLOCK) }, (_, i) => {
    const block = samples.slice(i * BLOCK, (i + 1) * BLOCK);
    return {
      x: median(block.map((sample) => sample.snapshots)),
      y: median(block.map((sample) => sample[what])),
    };
  });
}

/** Only the second half counts: in the first one a process warms up. */
function growth(/** @type {Sample[]} */ samples, /** @type {Grows} */ what) {
  const half = samples.slice(samples.length >> 1);
  const snapshots = (half.at(-1)?.snapshots ?? 0) - (half[0]?.snapshots ?? 0);
  const { perUnit, low, high } = theilSen(blocks(half, what));
  return {
    what,
    atFirst: samples[0]?.[what] ?? Number.NaN,
    atLast: samples.at(-1)?.[what] ?? Number.NaN,
    bytesPerSnapshot: { slope: perUnit, low, high },
    bytesInSecondHalf: { slope: perUnit * snapshots, low: low * snapshots, high: high * snapshots },
    passed: low <= 0,
  };
}

/** @param {Sample[]} samples @param {Counted} what */
function constancy(samples, what) {
  const values = samples.map((sample) => sample[what]);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return { what, least, most, passed: least === most };
}

/**
 * Growth fails where the whole confidence interval of its slope lies above zero; a count, where it ever changed.
 * @param {Sample[]} samples
 */
export function verdict(samples) {
  const grows = GROWING.map((what) => growth(samples, what));
  const counts = COUNTED.map((what) => constancy(samples, what));
  return { passed: [...grows, ...counts].every(({ passed }) => passed), grows, counts };
}
