import type { Simulation } from '../../../probe/options.js';
import type { Command, Rows, Words } from '../command.js';
import type { CommandContext, CommandResult } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { wrap } from '../human/text.js';
import { FROM, flag, SPEED, timeOf } from '../options.js';
import { UsageError } from '../usage-error.js';

type Asked =
  | { action: 'list' | 'schema' }
  | { action: 'run'; simulation: Simulation; program: readonly [string, ...string[]] }
  | { action: 'show'; scenario: string | null; world: string | null }
  | { action: 'set'; assignments: readonly string[]; world: string | null };

const LIST = flag('list', 'List the scenarios that come with gpuprobe.');
const SCHEMA = flag('schema', 'Print the JSON Schema of scenario files.');
const WORLD = {
  name: 'world',
  value: 'PID',
  help: 'For set and show: the machine of this gpuprobe sim. Default: the one around this process.',
  parse: (text: string) => text,
};

const FORMS: Rows = [
  [
    'sim SCENARIO -- COMMAND...',
    'Run a program on the simulated driver. Its exit code is passed on; 127: no such program, 126: it cannot be run, 128+N: ended by signal N.',
  ],
  [
    'sim set FIELD=VALUE...',
    'Change a machine while programs run on it. VALUE is JSON, or else a text; lists are set as a whole.',
  ],
  [
    'sim show [SCENARIO]',
    'A scenario with all that its presets fill in; without a name, the machine that runs here, as it is now.',
  ],
  ['sim --list', LIST.help],
  ['sim --schema', SCHEMA.help],
];

/** `gpuprobe sim`: everything about simulated machines except probing them. */
export const sim: Command<Asked> = {
  name: 'sim',
  usage: 'sim SCENARIO -- COMMAND...',
  summary:
    'Run any program on a simulated NVIDIA driver; its exit code is passed on. More forms: gpuprobe sim --help.',
  examples: [
    ['gpuprobe sim --list', 'the simulated machines'],
    ['gpuprobe sim gpu-lost -- nvidia-smi', 'the real nvidia-smi on one of them'],
    ['gpuprobe sim access-revoked -- node service.js', 'your service, as its container loses the GPU'],
    ['gpuprobe sim ./mine.json -- ./test.sh', 'a scenario of your own'],
    [
      'gpuprobe sim wolf-2025-11-05 --from 12:27:00 --speed 60 -- bash',
      'an incident, a minute to the second',
    ],
    ['gpuprobe sim set access=revoked', 'change it, from a program inside'],
    ['gpuprobe sim set --world 4711 devices.1.lost=true', 'or from outside, by the pid of gpuprobe sim'],
  ],
  options: [FROM, SPEED, LIST, SCHEMA, WORLD],
  sections: {
    Forms: FORMS,
    'How it works': [
      [
        'LD_LIBRARY_PATH',
        'The program, and those that it starts, find libnvidia-ml.so.1 and libcuda.so.1 there. Nothing else on this machine is touched.',
      ],
    ],
  },
  parse,
  run,
};

type Part = 'positionals' | 'program' | 'world' | 'time';

/** Rejects arguments that this form does not take. */
function only(allowed: readonly Part[], words: Words, form: string): void {
  const given: Record<Part, boolean> = {
    positionals: words.positionals.length > 0,
    program: words.program !== null,
    world: words.value(WORLD) !== undefined,
    time: Object.keys(timeOf(words)).length > 0,
  };
  const wrong = (Object.keys(given) as Part[]).find((part) => given[part] && !allowed.includes(part));
  if (wrong !== undefined) throw new UsageError(`sim ${form} takes nothing else; ${forms()}`);
}

const forms = () => `forms: gpuprobe ${FORMS.map(([form]) => form).join(', ')}`;

function parse(words: Words): Asked {
  if (words.value(LIST)) {
    only([], words, '--list');
    return { action: 'list' };
  }
  if (words.value(SCHEMA)) {
    only([], words, '--schema');
    return { action: 'schema' };
  }
  const [word, ...rest] = words.positionals;
  if (word === undefined) throw new UsageError(`sim needs a scenario; ${forms()}`);
  if (word === 'set') return parseSet(rest, words);
  return word === 'show' ? parseShow(rest, words) : parseRun(word, rest, words);
}

function parseSet(assignments: readonly string[], words: Words): Asked {
  only(['positionals', 'world'], words, 'set FIELD=VALUE... [--world PID]');
  if (assignments.length === 0) {
    throw new UsageError(
      'sim set needs FIELD=VALUE, such as devices.0.temperatureCelsius=91 or access=revoked',
    );
  }
  return { action: 'set', assignments, world: words.value(WORLD) ?? null };
}

function parseShow(scenarios: readonly string[], words: Words): Asked {
  only(['positionals', 'world'], words, 'show [SCENARIO] [--world PID]');
  const world = words.value(WORLD) ?? null;
  if (scenarios.length > 1 || (scenarios.length === 1 && world !== null)) {
    throw new UsageError('sim show takes one scenario, or one running machine by --world');
  }
  return { action: 'show', scenario: scenarios[0] ?? null, world };
}

function parseRun(scenario: string, rest: readonly string[], words: Words): Asked {
  only(['positionals', 'program', 'time'], words, 'SCENARIO [--from MOMENT] [--speed N] -- COMMAND...');
  const [first, ...others] = words.program ?? [];
  if (rest.length > 0 || first === undefined) {
    throw new UsageError(`sim ${scenario} needs -- and a program: gpuprobe sim ${scenario} -- nvidia-smi`);
  }
  return { action: 'run', simulation: { scenario, ...timeOf(words) }, program: [first, ...others] };
}

const printed = (stdout: string): CommandResult => ({ exitCode: EXIT.ok, stdout, stderr: '' });
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

type Context = Pick<CommandContext, 'simulator' | 'env' | 'stderr' | 'stdin' | 'paint' | 'width'>;

async function run(asked: Asked, context: Context): Promise<CommandResult> {
  const simulator = await context.simulator();
  switch (asked.action) {
    case 'list':
      return printed(list(simulator.listScenarios(), context));
    case 'schema':
      return printed(json(simulator.scenarioSchema()));
    case 'show': {
      const { scenario, world } = asked;
      const { env } = context;
      return printed(
        json(scenario === null ? simulator.runningMachine(world, env) : simulator.loadScenario(scenario)),
      );
    }
    case 'set':
      simulator.changeRunningMachine(asked.world, context.env, asked.assignments);
      return printed('');
    case 'run':
      return (await import('../run-program.js')).runProgram(asked.simulation, asked.program, {
        ...context,
        simulator,
      });
  }
}

function list(
  scenarios: readonly { name: string; description: string }[],
  { paint, width }: Pick<CommandContext, 'paint' | 'width'>,
): string {
  const column = Math.max(0, ...scenarios.map(({ name }) => name.length));
  const lines = scenarios.flatMap(({ name, description }) => {
    const [first = '', ...rest] = wrap(description, width, `${name.padEnd(column)}  `);
    return [paint('bold', name) + first.slice(name.length), ...rest];
  });
  return lines.map((line) => `${line}\n`).join('');
}
