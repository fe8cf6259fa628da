import type { SimInvocation } from '../arguments-sim.js';
import { EXIT } from '../exit-codes.js';
import { painter } from '../human/paint.js';
import { widthOf, wrap } from '../human/text.js';
import type { Ending, Simulator, Surroundings } from '../surroundings.js';
import { simHelp } from './sim-help.js';
import { runProgram } from './sim-run.js';

const printed = (stdout: string): Ending => ({ exitCode: EXIT.ok, stdout, stderr: '' });
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** `gpuprobe sim`: everything about simulated machines but probing them. */
export async function sim(invocation: SimInvocation, surroundings: Surroundings): Promise<Ending> {
  const { stdout, env } = surroundings;
  if (invocation.action === 'help') return printed(simHelp(stdout.columns));
  const simulator = await surroundings.simulator();
  switch (invocation.action) {
    case 'list':
      return printed(list(simulator, surroundings, invocation.color));
    case 'schema':
      return printed(json(simulator.scenarioSchema()));
    case 'show': {
      const { scenario, world } = invocation;
      return printed(
        json(scenario === null ? simulator.runningMachine(world, env) : simulator.loadScenario(scenario)),
      );
    }
    case 'set':
      simulator.changeRunningMachine(invocation.world, env, invocation.assignments);
      return printed('');
    case 'run':
      return runProgram(invocation, simulator, surroundings);
  }
}

function list(simulator: Simulator, { stdout, env }: Surroundings, color: boolean): string {
  const paint = painter(stdout, env, color);
  const scenarios = simulator.listScenarios();
  const column = Math.max(0, ...scenarios.map(({ name }) => name.length));
  const lines = scenarios.flatMap(({ name, description }) => {
    const [first = '', ...rest] = wrap(description, widthOf(stdout.columns), `${name.padEnd(column)}  `);
    return [paint('bold', name) + first.slice(name.length), ...rest];
  });
  return lines.map((line) => `${line}\n`).join('');
}
