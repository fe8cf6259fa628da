import { parseArgs } from 'node:util';
import { CHECK_SELECTORS, type ProbeOptions, type Simulation } from '../../probe/options.js';
import type { DemoInvocation } from './arguments-demo.js';
import { parseSim, type SimInvocation } from './arguments-sim.js';
import {
  COMMANDS,
  type CommandName,
  DEADLINE_MS,
  DEMO_SPEED,
  FAIL_ON,
  FORMATS,
  INTERVAL_MS,
  ISOLATIONS,
  OPTIONS,
  type OptionName,
  type OptionSpec,
  REQUIRE,
  SPEED,
} from './options.js';
import { UsageError } from './usage-error.js';

/** What the command line asks for. */
export type Invocation =
  | { command: 'help' | 'version' }
  | {
      command: 'check';
      format: (typeof FORMATS)[number];
      failOnDegraded: boolean;
      color: boolean;
      probe: ProbeOptions;
    }
  | {
      command: 'watch';
      json: boolean;
      failOnDegraded: boolean;
      color: boolean;
      /** Null: the default. */
      intervalMs: number | null;
      probe: ProbeOptions;
    }
  | { command: 'explain'; id: string | null; color: boolean }
  | { command: 'doctor'; format: 'human' | 'json'; bundle: boolean; color: boolean; probe: ProbeOptions }
  | SimInvocation
  | DemoInvocation;

type Values = Partial<Record<OptionName, string | true>>;

/** Reads a command line. Throws {@link UsageError}. */
export function parseArguments(argv: readonly string[]): Invocation {
  const end = argv.indexOf('--');
  const program = end < 0 ? null : argv.slice(end + 1);
  const { values, positionals } = read(end < 0 ? argv : argv.slice(0, end));
  const [word, ...rest] = positionals;
  if (values.help) return helpOf(word);
  if (values.version) return { command: 'version' };
  const command = commandOf(word);
  for (const name of Object.keys(values) as OptionName[]) {
    const spec: OptionSpec = OPTIONS[name];
    if (!spec.commands.includes(command)) {
      throw new UsageError(`--${name} goes with ${spec.commands.join(', ')}, not with ${command}`);
    }
  }
  const color = values['no-color'] === undefined;
  if (command === 'sim') return simInvocation(values, rest, program, color);
  const extra = [...rest.slice(command === 'explain' ? 1 : 0), ...(program === null ? [] : ['--'])][0];
  if (extra !== undefined) {
    throw new UsageError(`unexpected ${quoted(extra)}; usage: gpuprobe ${COMMANDS[command].usage}`);
  }
  if (command === 'explain') return { command, id: rest[0] ?? null, color };
  if (command === 'demo') return { command, action: 'tell', speed: demoSpeed(values), color };
  if (command === 'watch') return { command, color, ...watchInvocation(values) };
  const { probe, ...check } = checkInvocation(values);
  if (command === 'doctor') {
    const format = values.json === undefined ? 'human' : 'json';
    return { command, color, format, bundle: values.bundle !== undefined, probe };
  }
  return { command, color, probe, ...check };
}

/** Commands of many forms have a help of their own. */
function helpOf(word: string | undefined): Invocation {
  if (word === 'sim') return { command: 'sim', action: 'help', color: false };
  return word === 'demo' ? { command: 'demo', action: 'help' } : { command: 'help' };
}

function demoSpeed({ speed }: Values): number {
  return speed === undefined ? DEMO_SPEED.usual : integer('speed', speed, DEMO_SPEED);
}

function watchInvocation(values: Values) {
  const { probe, failOnDegraded } = checkInvocation(values);
  const intervalMs = values.interval === undefined ? null : integer('interval', values.interval, INTERVAL_MS);
  return { json: values.json !== undefined, failOnDegraded, intervalMs, probe };
}

function simInvocation(
  values: Values,
  positionals: readonly string[],
  program: readonly string[] | null,
  color: boolean,
): SimInvocation {
  const words = {
    positionals,
    program,
    list: values.list !== undefined,
    schema: values.schema !== undefined,
    world: values.world === undefined ? null : String(values.world),
    time: timeOf(values),
  };
  return parseSim(words, color);
}

/** How a simulated machine's time runs. */
function timeOf(values: Values): Omit<Simulation, 'scenario'> {
  const from = String(values.from ?? '');
  const seconds = /^\d{1,9}(\.\d+)?$/.test(from);
  if (values.from !== undefined && !seconds && !/^\d\d:\d\d:\d\d$/.test(from)) {
    throw new UsageError(`--from takes seconds, or a time of day such as 12:28:30, not ${quoted(from)}`);
  }
  return {
    ...(values.from === undefined ? {} : { from: seconds ? Number(from) : from }),
    ...(values.speed === undefined ? {} : { speed: integer('speed', values.speed, SPEED) }),
  };
}

/**
 * Not parseArgs' strict mode: its messages run over several lines, and take `--deadline -5` for an ambiguity
 * rather than for a bad number.
 */
function read(argv: readonly string[]): { values: Values; positionals: string[] } {
  const { tokens } = parseArgs({
    args: [...argv],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Values = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (!isOption(token.name)) {
      throw new UsageError(
        `unknown option ${quoted(token.rawName)}; options: ${Object.keys(OPTIONS).map(dashed)}`,
      );
    }
    values[token.name] = optionValue(token.name, token.value);
  }
  return { values, positionals };
}

function optionValue(name: OptionName, value: string | undefined): string | true {
  const spec: OptionSpec = OPTIONS[name];
  if (spec.type === 'string') {
    if (value === undefined) throw new UsageError(`--${name} needs a value: --${name} ${spec.value}`);
    return value;
  }
  if (value !== undefined) throw new UsageError(`--${name} takes no value`);
  return true;
}

function commandOf(word: string | undefined): CommandName {
  if (word === undefined) return 'check';
  if (Object.hasOwn(COMMANDS, word)) return word as CommandName;
  throw new UsageError(`unknown command ${quoted(word)}; commands: ${Object.keys(COMMANDS).join(', ')}`);
}

function checkInvocation(values: Values) {
  const probe: ProbeOptions = {};
  if (values.deadline !== undefined) probe.deadlineMs = integer('deadline', values.deadline, DEADLINE_MS);
  if (values.require !== undefined) probe.require = integer('require', values.require, REQUIRE);
  if (values.checks !== undefined) {
    probe.checks = String(values.checks)
      .split(',')
      .map((name) => oneOf('checks', name.trim(), CHECK_SELECTORS));
  }
  if (values.isolation !== undefined) probe.isolation = oneOf('isolation', values.isolation, ISOLATIONS);
  const time = timeOf(values);
  if (values.sim !== undefined) probe.simulate = { scenario: scenario(values.sim), ...time };
  else if (Object.keys(time).length > 0) throw new UsageError('--from and --speed go with --sim SCENARIO');
  if (values.force !== undefined) probe.force = true;
  if (values['fail-on'] !== undefined) oneOf('fail-on', values['fail-on'], FAIL_ON);
  return { format: formatOf(values), failOnDegraded: values['fail-on'] !== undefined, probe };
}

function formatOf(values: Values): (typeof FORMATS)[number] {
  const format = values.format === undefined ? undefined : oneOf('format', values.format, FORMATS);
  if (values.json === undefined) return format ?? 'human';
  if (format !== undefined && format !== 'json')
    throw new UsageError(`--json contradicts --format ${format}`);
  return 'json';
}

function integer(
  name: OptionName,
  value: string | true,
  { least, most }: { least: number; most: number },
): number {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`--${name} takes an integer from ${least} to ${most}, not ${quoted(value)}`);
}

function oneOf<T extends string>(name: OptionName, value: string | true, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  const among = allowed.length > 1 ? `one of ${allowed.join(', ')}` : allowed.join('');
  throw new UsageError(`--${name} takes ${among}, not ${quoted(value)}`);
}

function scenario(value: string | true): string {
  if (typeof value === 'string' && value !== '' && !value.startsWith('-')) return value;
  throw new UsageError(
    `--sim takes the name or file of a scenario, not ${quoted(value)}; see gpuprobe sim --list`,
  );
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function dashed(name: string): string {
  return ` --${name}`;
}

/** In quotes, and on one line whatever it holds. */
function quoted(value: string | true): string {
  return JSON.stringify(value);
}
