import type { SimInvocation } from '../arguments-sim.js';
import type { CliContext, CommandResult, Simulator } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { painter } from '../human/paint.js';
import { widthOf, wrap } from '../human/text.js';
import { simHelp } from './sim-help.js';
import { runProgram } from './sim-run.js';

const printed = (stdout: string): CommandResult => ({ exitCode: EXIT.ok, stdout, stderr: '' });
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** `gpuprobe sim`: everything about simulated machines but probing them. */
export async function sim(invocation: SimInvocation, context: CliContext): Promise<CommandResult> {
  const { stdout, env } = context;
  if (invocation.action === 'help') return printed(simHelp(stdout.columns));
  const simulator = await context.simulator();
  switch (invocation.action) {
    case 'list':
      return printed(list(simulator, context, invocation.color));
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
      return runProgram(invocation, simulator, context);
  }
}

function list(simulator: Simulator, { stdout, env }: CliContext, color: boolean): string {
  const paint = painter(stdout, env, color);
  const scenarios = simulator.listScenarios();
  const column = Math.max(0, ...scenarios.map(({ name }) => name.length));
  const lines = scenarios.flatMap(({ name, description }) => {
    const [first = '', ...rest] = wrap(description, widthOf(stdout.columns), `${name.padEnd(column)}  `);
    return [paint('bold', name) + first.slice(name.length), ...rest];
  });
  return lines.map((line) => `${line}\n`).join('');
}
