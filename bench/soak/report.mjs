import { WHAT } from './verdict.mjs';

/** @typedef {ReturnType<typeof import('./verdict.mjs').verdict>} Verdict */
/**
 * @typedef {object} Run
 * @property {string} date
 * @property {ReturnType<typeof import('../machine.mjs').describeMachine>} machine
 * @property {number} seconds
 * @property {{ snapshots: number, faults: number, checkpoints: number }} asked
 * @property {Verdict} verdict
 * @property {import('./run.mjs').Sample[]} samples
 */

/** @param {number} bytes */
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
/** @param {number} bytes */
const kibibytes = (bytes) => `${(bytes / 2 ** 10).toFixed(1)} KiB`;
/** @param {boolean} passed */
const mark = (passed) => (passed ? 'yes' : '**no**');

/** @param {Verdict['grows'][number]} row */
function growthRow({ what, atFirst, atLast, bytesInSecondHalf: half, passed }) {
  const interval = `${kibibytes(half.slope)} (${kibibytes(half.low)}..${kibibytes(half.high)})`;
  return `| ${WHAT[what]} | ${mebibytes(atFirst)} | ${mebibytes(atLast)} | ${interval} | ${mark(passed)} |`;
}

/** @param {Verdict['counts'][number]} row */
const countRow = ({ what, least, most, passed }) =>
  `| ${WHAT[what]} | ${least} | ${most} | ${mark(passed)} |`;

/** @param {Run} run */
export function markdown({ date, machine, seconds, asked, verdict }) {
  const { cpu, cores, memoryGiB, kernel, node } = machine;
  return `# Soak

Written by \`npm run soak -- --write\`; not edited by hand.

- ${date.slice(0, 10)}; ${cores} cores of ${cpu}, ${memoryGiB} GiB; Linux ${kernel}; Node ${node}; simulated driver
- ${asked.snapshots} snapshots and ${asked.faults} faults in ${seconds} s, with ${asked.checkpoints} checkpoints, at which
  everything comes to rest and is counted
- ${verdict.passed ? 'passed' : '**failed**'}

Growth is the Theil-Sen slope over the second half, with its 99 % confidence interval. It is zero within noise unless
the whole interval lies above zero.

| what | at first | at last | growth in the second half | zero within noise |
| --- | --- | --- | --- | --- |
${verdict.grows.map(growthRow).join('\n')}

| what | least | most | constant |
| --- | --- | --- | --- |
${verdict.counts.map(countRow).join('\n')}

![memory over the run](soak.svg)
`;
}
