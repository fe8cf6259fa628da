import { spread } from './statistics.mjs';

/**
 * A goal: at most so many times the floor, at most so much above it, or at most so much whatever the
 * floor; for what gpuprobe replaces, at least so many times.
 * @typedef {{ times: number } | { above: number } | { atMost: number } | { atLeastTimes: number }} Goal
 *
 * One line of the table. Times are in nanoseconds, memory is in bytes.
 * @typedef {object} Row
 * @property {string} id
 * @property {string} what
 * @property {'time' | 'bytes' | 'count'} unit
 * @property {string} [floor] what it is held against, measured in the same round
 * @property {Goal} [goal]
 * @property {string} [cost] what it is spent on, as far as profiling showed: printed where the goal is missed
 *
 * @typedef {{ value: number, floor?: number }} Reading
 *
 * What one file in measures/ exports: rows, and how to take one reading of each.
 * @typedef {object} Measure
 * @property {Row[]} rows
 * @property {number} [rounds] at most so many, for what takes long
 * @property {false} [gated] its ratios are no measure of a regression: they say how others do, or the simulator
 * @property {(bench: import('./bench.mjs').Bench) => Promise<Record<string, Reading>>} round
 *
 * @typedef {object} Result
 * @property {Row} row
 * @property {import('./statistics.mjs').Spread} [value]
 * @property {import('./statistics.mjs').Spread} [floor]
 * @property {import('./statistics.mjs').Spread} [ratio]
 * @property {'met' | 'missed' | 'no goal' | 'not measured'} verdict
 * @property {boolean} [noisy] the floor itself swayed too much for the verdict to be worth much
 * @property {string} [reason] why it was not measured
 */

/** How far the greatest floor of a run may lie above the least. */
const STEADY = 3;

/**
 * @param {Goal} goal
 * @param {{ value: number, floor: number, ratio: number, above: number }} medians
 */
function isMet(goal, medians) {
  if ('times' in goal) return medians.ratio <= goal.times;
  if ('atLeastTimes' in goal) return medians.ratio >= goal.atLeastTimes;
  if ('above' in goal) return medians.above <= goal.above;
  return medians.value <= goal.atMost;
}

/**
 * Readings of all rounds as one line. A ratio is that of a round, so that a busy moment weighs on both sides.
 * @param {Row} row
 * @param {Reading[]} readings
 * @returns {Result}
 */
export function summarise(row, readings) {
  const value = spread(readings.map((reading) => reading.value));
  const pairs = readings.flatMap((reading) =>
    reading.floor === undefined ? [] : [{ value: reading.value, floor: reading.floor }],
  );
  const held = pairs.length > 0;
  const floor = held ? spread(pairs.map((pair) => pair.floor)) : undefined;
  const ratio = held ? spread(pairs.map((pair) => pair.value / pair.floor)) : undefined;
  const above = held ? spread(pairs.map((pair) => pair.value - pair.floor)).median : Number.NaN;
  const medians = {
    value: value.median,
    floor: floor?.median ?? Number.NaN,
    ratio: ratio?.median ?? Number.NaN,
    above,
  };
  const verdict = row.goal === undefined ? 'no goal' : isMet(row.goal, medians) ? 'met' : 'missed';
  const noisy = floor !== undefined && row.goal !== undefined && floor.max > STEADY * floor.min;
  return { row, value, ...(floor && { floor }), ...(ratio && { ratio }), verdict, noisy };
}

/**
 * @param {Row} row
 * @param {string} reason
 * @returns {Result}
 */
export function notMeasured(row, reason) {
  return { row, verdict: 'not measured', reason };
}
