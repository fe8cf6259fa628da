import { parseArgs } from 'node:util';

export const HELP = `npm run soak -- [--snapshots N] [--faults N] [--checkpoints N] [--json | --write]

  npm run soak -- --snapshots 20000 --faults 200 --checkpoints 50

  --snapshots N    fresh snapshots taken in all (default 1000000)
  --faults N       faults injected and cleared in all (default 10000)
  --checkpoints N  how often everything comes to rest and is counted (default 250)
  --json           print the results as JSON
  --write          also write bench/SOAK.md, bench/soak.json and bench/soak.svg
  --help           print this
`;

const LIMITS = /** @type {const} */ ({
  snapshots: [1, 1e9],
  faults: [0, 1e8],
  // Fewer than 20 in the second half have no slope worth the name.
  checkpoints: [40, 10_000],
});

/**
 * @param {keyof typeof LIMITS} name
 * @param {string} text
 */
function count(name, text) {
  const [least, most] = LIMITS[name];
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw new Error(`--${name} takes an integer from ${least} to ${most}, not "${text}"`);
  }
  return number;
}

/**
 * @param {string[]} args
 * @throws Error with one line for the user
 */
export function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      snapshots: { type: 'string', default: '1000000' },
      faults: { type: 'string', default: '10000' },
      checkpoints: { type: 'string', default: '250' },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    ...values,
    snapshots: count('snapshots', values.snapshots),
    faults: count('faults', values.faults),
    checkpoints: count('checkpoints', values.checkpoints),
  };
}
