import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [--rounds N] [--only TEXT] [--json | --write | --gate] [--build DIR]

  npm run bench -- --rounds 3 --only snapshot

  --rounds N    rounds of floor and probe, interleaved (default 10)
  --only TEXT   only measurements with a row whose id contains TEXT
  --json        print the results as JSON
  --write       also write bench/RESULTS.md, results.json and results.svg
  --gate        hold the ratios against those on record, generously; exit code 1 where one is far worse
  --nvidia-smi PATH   the program to compare with (default: nvidia-smi of the PATH)
  --build DIR   where the floors are built (default build/bench)
  --help        print this
`;

const MAX_ROUNDS = 1000;

/**
 * @param {string[]} args
 * @throws Error with one line for the user
 */
export function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '10' },
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      gate: { type: 'boolean', default: false },
      'nvidia-smi': { type: 'string', default: 'nvidia-smi' },
      build: { type: 'string', default: 'build/bench' },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw new Error(`--rounds takes an integer from 1 to ${MAX_ROUNDS}, not "${values.rounds}"`);
  }
  if (values.write && values.only !== '') throw new Error('--write records a whole run: leave out --only');
  return { ...values, rounds };
}
