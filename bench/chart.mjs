/**
 * The goals as bars: how far each figure lies from its own, on a scale of powers of two. What is within its goal ends
 * left of the line, what misses it ends beyond.
 */

const ROW = 22;
const LEFT = 470;
const WIDTH = 330;
const TOP = 44;
const DOUBLINGS = 4;
const COLORS = { met: '#2e7d32', missed: '#c62828', text: '#333', line: '#999' };

/**
 * The figure, or its ratio, as a multiple of the goal; of what is to be at least so many times, the inverse.
 * @param {import('./measure.mjs').Result} result
 */
function ofGoal({ row, value, floor, ratio }) {
  const { goal } = row;
  if (goal === undefined || value === undefined) return undefined;
  if ('atMost' in goal) return value.median / goal.atMost;
  if (floor === undefined || ratio === undefined) return undefined;
  if ('atLeastTimes' in goal) return goal.atLeastTimes / ratio.median;
  return 'times' in goal ? ratio.median / goal.times : value.median / (floor.median + goal.above);
}

/** What there is room for. */
const LONGEST_LABEL = 78;
const shortened = (/** @type {string} */ text) =>
  text.length > LONGEST_LABEL ? `${text.slice(0, LONGEST_LABEL - 1)}…` : text;

const escaped = (/** @type {string} */ text) =>
  shortened(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** @param {number} multiple */
function across(multiple) {
  const doublings = Math.max(-DOUBLINGS, Math.min(DOUBLINGS, Math.log2(multiple)));
  return LEFT + ((doublings + DOUBLINGS) / (2 * DOUBLINGS)) * WIDTH;
}

/** @param {import('./measure.mjs').Result[]} results */
export function chart(results) {
  const bars = results.flatMap((result) => {
    const multiple = ofGoal(result);
    return multiple === undefined || Number.isNaN(multiple) ? [] : [{ result, multiple }];
  });
  const height = TOP + bars.length * ROW + 24;
  const lines = bars.map(({ result, multiple }, i) => {
    const y = TOP + i * ROW;
    const color = result.verdict === 'met' ? COLORS.met : COLORS.missed;
    const label = `${Number(multiple.toPrecision(2))} x`;
    return [
      `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${escaped(result.row.what)}</text>`,
      `<rect x="${LEFT}" y="${y + 4}" width="${Math.max(1, across(multiple) - LEFT).toFixed(1)}" height="12" fill="${color}"/>`,
      `<text x="${(across(multiple) + 5).toFixed(1)}" y="${y + 14}">${label}</text>`,
    ].join('\n');
  });
  const middle = across(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 70}" height="${height}" font-family="sans-serif" font-size="11" fill="${COLORS.text}">
<title>What gpuprobe costs, as a multiple of its goal</title>
<rect width="100%" height="100%" fill="white"/>
<text x="8" y="16" font-size="13">What gpuprobe costs, as a multiple of its goal (powers of two; shorter is better)</text>
<line x1="${middle}" y1="${TOP - 8}" x2="${middle}" y2="${height - 16}" stroke="${COLORS.line}" stroke-dasharray="3 3"/>
<text x="${middle}" y="${TOP - 12}" text-anchor="middle">the goal</text>
${lines.join('\n')}
</svg>
`;
}
