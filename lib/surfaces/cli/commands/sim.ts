import type { Invocation } from '../arguments.js';
import { EXIT } from '../exit-codes.js';
import { painter } from '../human/paint.js';
import { widthOf, wrap } from '../human/text.js';
import type { Ending, Surroundings } from '../surroundings.js';

/** `gpuprobe sim --list`: the simulated machines that `--sim` can probe. */
export async function sim(
  { color }: Extract<Invocation, { command: 'sim' }>,
  { listScenarios, stdout, env }: Surroundings,
): Promise<Ending> {
  const paint = painter(stdout, env, color);
  const scenarios = await listScenarios();
  const column = Math.max(0, ...scenarios.map(({ name }) => name.length));
  const lines = scenarios.flatMap(({ name, description }) => {
    const [first = '', ...rest] = wrap(description, widthOf(stdout.columns), `${name.padEnd(column)}  `);
    return [paint('bold', name) + first.slice(name.length), ...rest];
  });
  return { exitCode: EXIT.ok, stdout: lines.map((line) => `${line}\n`).join(''), stderr: '' };
}
