import { readFileSync } from 'node:fs';

/**
 * So many times the ratio on record is a regression, and nothing below: machines differ, and are shared. What it is to
 * catch is a wait, a copy or a fork that was not there before, not a few percent.
 */
const GENEROUS = 4;

/** @returns {import('./results.mjs').Run} */
function onRecord() {
  return JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8'));
}

/**
 * Holds the ratios of a run against those on record; a row without a ratio, or not on record, is not held.
 * @param {import('./measure.mjs').Result[]} results
 * @returns {{ line: string, passed: boolean }[]}
 */
export function gate(results) {
  const recorded = new Map(onRecord().results.map(({ row, ratio }) => [row.id, ratio?.median]));
  return results.flatMap(({ row, ratio, reason }) => {
    const before = recorded.get(row.id);
    if (before === undefined) return [];
    if (ratio === undefined) return [{ line: `not ok ${row.id}: not measured: ${reason}`, passed: false }];
    // A single good round shows that the way is as short as it was; a busy moment makes the others long.
    const passed = ratio.min <= GENEROUS * before;
    const numbers = `${ratio.median.toFixed(2)} x (${ratio.min.toFixed(2)}..${ratio.max.toFixed(2)}) its floor, ${before.toFixed(2)} x on record`;
    return [{ line: `${passed ? 'ok' : 'not ok'} ${row.id}: ${numbers}`, passed }];
  });
}
