import { wrap } from './text.js';

/** Returns a titled list of the help: syntax on the left, meaning on the right, or below if too narrow. */
export function section(
  title: string,
  rows: readonly (readonly [string, string])[],
  width: number,
): string[] {
  const column = Math.max(...rows.map(([left]) => left.length));
  const beside = column + 4 < width / 2 + 10;
  const body = rows.flatMap(([left, right]) =>
    beside
      ? wrap(right, width, `  ${left.padEnd(column)}  `)
      : [`  ${left}`, ...wrap(right, width, '      ')],
  );
  return ['', `${title}:`, ...body];
}
