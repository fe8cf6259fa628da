/**
 * Three digits say as much as a measurement does.
 * @param {number} value
 */
function digits(value) {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 2));
}

const TIME_UNITS = /** @type {const} */ ([
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
  [1, 'ns'],
]);
const MEBIBYTE = 2 ** 20;

/**
 * @param {number} value
 * @param {import('./measure.mjs').Row['unit']} unit
 * @returns {[number, string]} how much one unit is, and its name
 */
function scale(value, unit) {
  if (unit === 'bytes') return [MEBIBYTE, 'MiB'];
  if (unit === 'count') return [1, ''];
  const found = TIME_UNITS.find(([size]) => Math.abs(value) >= size);
  return found === undefined ? [1, 'ns'] : [...found];
}

/**
 * @param {number} value
 * @param {import('./measure.mjs').Row['unit']} unit
 */
function quantity(value, unit) {
  const [size, name] = scale(value, unit);
  return `${digits(value / size)} ${name}`.trim();
}

/**
 * "54 us (47..81)": all three in the unit of the median.
 * @param {import('./statistics.mjs').Spread | undefined} of
 * @param {import('./measure.mjs').Row['unit']} unit
 */
function range(of, unit) {
  if (of === undefined) return '-';
  const [size, name] = scale(of.median, unit);
  const [middle, least, most] = [of.median, of.min, of.max].map((value) => digits(value / size));
  return `${middle} ${name} (${least}..${most})`.replace('  ', ' ');
}

/** @param {import('./measure.mjs').Row} row */
function goalText({ goal, floor, unit }) {
  if (goal === undefined) return '-';
  if ('times' in goal) return `<= ${goal.times} x ${floor}`;
  if ('atLeastTimes' in goal) return `>= ${goal.atLeastTimes} x ${floor}`;
  if ('above' in goal) return `<= ${floor} + ${quantity(goal.above, unit)}`;
  return `<= ${quantity(goal.atMost, unit)}`;
}

/** @param {import('./measure.mjs').Result} result */
function cells({ row, value, floor, ratio, verdict, noisy, reason }) {
  if (reason !== undefined) return [row.what, `not measured: ${reason}`, '-', '-', goalText(row), '-'];
  const held = floor === undefined ? '-' : `${row.floor}: ${range(floor, row.unit)}`;
  const times = ratio === undefined ? '-' : range(ratio, 'count').replace(' (', ' x (');
  return [
    row.what,
    range(value, row.unit),
    held,
    times,
    goalText(row),
    `${verdict === 'missed' ? '**missed**' : verdict}${noisy ? ', noisy floor' : ''}`,
  ];
}

/**
 * The results as a Markdown table, in columns for readers of the plain text.
 * @param {import('./measure.mjs').Result[]} results
 */
export function table(results) {
  const head = ['what', 'median (min..max)', 'floor of the same rounds', 'ratio', 'goal', 'verdict'];
  const lines = [head, ...results.map(cells)].map((line) => line.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const padded = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  padded.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  );
  return padded.map((line) => `| ${line.join(' | ')} |`).join('\n');
}
