/** @typedef {{ median: number, min: number, max: number }} Spread */

/** @param {number[]} values */
export function median(values) {
  if (values.length === 0) throw new Error('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The median over rounds, and how far the rounds lie apart.
 * @param {number[]} values
 * @returns {Spread}
 */
export function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Nanoseconds of each of `count` awaited calls, one after the other.
 * @param {number} count
 * @param {() => unknown} call
 */
export async function timeEach(count, call) {
  const samples = [];
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    await call();
    samples.push((performance.now() - started) * 1e6);
  }
  return samples;
}

/**
 * Nanoseconds of one of `count` synchronous calls that are too short to be timed one by one.
 * @param {number} count
 * @param {() => unknown} call
 */
export function timeBatch(count, call) {
  const started = performance.now();
  for (let i = 0; i < count; i++) call();
  return ((performance.now() - started) * 1e6) / count;
}
