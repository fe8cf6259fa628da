// The run as a picture: one panel for each thing that may grow, over the snapshots taken.
import { WHAT } from './verdict.mjs';

const WIDTH = 900;
const PANEL = 170;
const MARGIN = { left: 80, right: 20, top: 34, bottom: 24 };

/** @typedef {import('./verdict.mjs').Grows} Grows */

/** @param {number} bytes */
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

/**
 * @param {import('./report.mjs').Run} run
 * @param {Grows} what
 * @param {number} row
 */
function panel({ samples, verdict, asked }, what, row) {
  const values = samples.map((sample) => sample[what]);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const range = Math.max(most - least, 1);
  const [top, bottom] = [row * PANEL + MARGIN.top, (row + 1) * PANEL - MARGIN.bottom];
  const right = WIDTH - MARGIN.right;
  const x = (/** @type {number} */ snapshots) =>
    MARGIN.left + (snapshots / asked.snapshots) * (right - MARGIN.left);
  const y = (/** @type {number} */ value) => bottom - ((value - least) / range) * (bottom - top);
  const points = samples.map((sample) => `${x(sample.snapshots).toFixed(1)},${y(sample[what]).toFixed(1)}`);
  const middle = x(samples[samples.length >> 1]?.snapshots ?? 0).toFixed(1);
  const passed = verdict.grows.find((grown) => grown.what === what)?.passed === true;
  return `  <text x="${MARGIN.left}" y="${top - 10}" font-weight="bold">${WHAT[what]}${passed ? '' : ': grows'}</text>
  <text x="${MARGIN.left - 6}" y="${top + 4}" text-anchor="end">${mebibytes(most)}</text>
  <text x="${MARGIN.left - 6}" y="${bottom + 4}" text-anchor="end">${mebibytes(least)}</text>
  <path d="M${MARGIN.left} ${top}V${bottom}H${right}" fill="none" stroke="#888"/>
  <path d="M${middle} ${top}V${bottom}" stroke="#bbb" stroke-dasharray="4 3"/>
  <polyline points="${points.join(' ')}" fill="none" stroke="${passed ? '#1f6feb' : '#cf222e'}"/>`;
}

/** @param {import('./report.mjs').Run} run */
export function plot(run) {
  const { verdict, asked } = run;
  const height = verdict.grows.length * PANEL + 20;
  const panels = verdict.grows.map(({ what }, row) => panel(run, what, row)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">
  <title>Memory over ${asked.snapshots} snapshots and ${asked.faults} faults</title>
  <rect width="100%" height="100%" fill="white"/>
${panels}
  <text x="${WIDTH - MARGIN.right}" y="${height - 8}" text-anchor="end">${asked.snapshots} snapshots, ${asked.faults} faults; the dashed line begins the second half</text>
</svg>
`;
}
