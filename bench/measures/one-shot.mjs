import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median, timeEach } from '../statistics.mjs';

const COMMAND = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const RUNS = 3;

/** @param {string[]} args */
async function run(args) {
  const [code] = await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with code ${code}`);
}

/**
 * The command by its path, as a container's health check runs it.
 * @type {import('../measure.mjs').Measure}
 */
export const oneShot = {
  rows: [
    {
      id: 'one-shot',
      what: 'one-shot: gpuprobe --sim healthy --json, by path',
      unit: 'time',
      floor: 'bare node -e 0',
      goal: { above: 60e6 },
      cost: 'in a profile a fifth is loading modules and a seventh starting the simulated machine; the rest is code that runs once, cold, and eleven questions in sequence',
    },
  ],
  async round() {
    if (!existsSync(COMMAND)) throw new Error('dist/cli.js is not built');
    const bare = await timeEach(RUNS, () => run(['-e', '0']));
    const command = await timeEach(RUNS, () => run([COMMAND, '--sim', 'healthy', '--json']));
    return { 'one-shot': { value: median(command), floor: median(bare) } };
  },
};
