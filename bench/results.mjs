import { writeFileSync } from 'node:fs';
import { chart } from './chart.mjs';
import { table } from './table.mjs';

/**
 * @typedef {object} Run
 * @property {string} date
 * @property {number} rounds
 * @property {ReturnType<typeof import('./machine.mjs').describeMachine>} machine
 * @property {import('./measure.mjs').Result[]} results
 */

/** @param {Run} run */
function markdown({ date, rounds, machine, results }) {
  const { cpu, cores, memoryGiB, kernel, node, driver, loadAverage } = machine;
  const missed = results.filter((result) => result.verdict === 'missed').length;
  return `# Benchmark

Written by \`npm run bench -- --write\`; not edited by hand.

- ${date.slice(0, 10)}; ${cores} cores of ${cpu}, ${memoryGiB} GiB; Linux ${kernel}; Node ${node}; ${driver}
- ${rounds} rounds, floors and probes interleaved; load average at the start ${loadAverage.toFixed(2)}
- medians over rounds with the least and the greatest; a ratio is taken within its round
- goals are judged by the median: ${missed === 0 ? 'all met' : `${missed} missed`}

![the figures as multiples of their goals](results.svg)

${table(results)}
${costs(results)}`;
}

/**
 * What the missed goals are spent on, in words.
 * @param {Run['results']} results
 */
function costs(results) {
  const missed = results.filter(({ verdict, row }) => verdict === 'missed' && row.cost !== undefined);
  if (missed.length === 0) return '';
  return `\nWhat the missed goals are spent on:\n\n${missed.map(({ row }) => `- ${row.what}: ${row.cost}.`).join('\n')}\n`;
}

/** @param {Run} run */
export function toJson(run) {
  return `${JSON.stringify(run, null, 2)}\n`;
}

/** @param {Run} run */
export function writeResults(run) {
  writeFileSync(new URL('RESULTS.md', import.meta.url), markdown(run));
  writeFileSync(new URL('results.json', import.meta.url), toJson(run));
  writeFileSync(new URL('results.svg', import.meta.url), chart(run.results));
}
