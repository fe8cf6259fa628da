import type { Limits } from '../../options.js';
import {
  CHECK_SELECTORS,
  DEADLINE_MS,
  ISOLATIONS,
  type ProbeOptions,
  REQUIRED_GPUS,
  type Simulation,
} from '../../probe/options.js';
import { MOST_SPEED } from '../../sim/simulation.js';
import type { Option, Words } from './command.js';
import { UsageError } from './usage-error.js';

/** Returns an option without a value. */
export function flag(name: string, help: string, short?: string): Option<true> {
  return { name, help, parse: () => true, ...(short === undefined ? {} : { short }) };
}

/** Returns an option with an integer value. */
export function integer(name: string, value: string, { least, most }: Limits, help: string): Option<number> {
  return {
    name,
    value,
    help,
    parse(text) {
      const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (number >= least && number <= most) return number;
      throw new UsageError(
        `--${name} takes an integer from ${least} to ${most}, not ${JSON.stringify(text)}`,
      );
    },
  };
}

/** Returns an option that accepts one of a few words. */
export function choice<Word extends string>(
  name: string,
  value: string,
  words: readonly Word[],
  help: string,
): Option<Word> {
  return { name, value, help, parse: (text) => oneOf(name, text, words) };
}

function oneOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  const among = words.length > 1 ? `one of ${words.join(', ')}` : words.join('');
  throw new UsageError(`--${name} takes ${among}, not ${JSON.stringify(text)}`);
}

export const JSON_OUTPUT = flag('json', 'Print JSON. `watch` prints each event as a line of JSON.');
export const FAIL_ON = choice('fail-on', 'degraded', ['degraded'], 'Exit 1 on warnings too.');

const DEADLINE = integer(
  'deadline',
  'MS',
  DEADLINE_MS,
  'Milliseconds until a check counts as unanswered. Default: NVML 5000, CUDA 15000, and at the first open 4000 more for each further GPU.',
);
const REQUIRE = integer('require', 'N', REQUIRED_GPUS, 'Fail unless at least N GPUs answer.');
const FORCE = flag('force', 'Load the libraries even if the kernel has no driver.');
const CHECKS: Option<ProbeOptions['checks'] & object> = {
  name: 'checks',
  value: 'LIST',
  help: 'Run only these checks, comma-separated, and what they need. nvml, cuda, nvenc and egl stand for all of theirs.',
  parse: (text) => text.split(',').map((name) => oneOf('checks', name.trim(), CHECK_SELECTORS)),
};
const ISOLATION = choice(
  'isolation',
  'MODE',
  ISOLATIONS,
  'process (default), or thread: driver calls in this process, for where exec is forbidden.',
);
const SIM: Option<string> = {
  name: 'sim',
  value: 'SCENARIO',
  help: 'Probe the simulated driver: a scenario of `gpuprobe sim --list`, or a file.',
  parse(text) {
    if (text !== '' && !text.startsWith('-')) return text;
    throw new UsageError(
      `--sim takes the name or file of a scenario, not ${JSON.stringify(text)}; see gpuprobe sim --list`,
    );
  },
};
export const FROM: Option<number | string> = {
  name: 'from',
  value: 'MOMENT',
  help: 'Start the scenario there: seconds, or a time of day if the scenario has them (12:28:30).',
  parse(text) {
    if (/^\d{1,9}(\.\d+)?$/.test(text)) return Number(text);
    if (/^\d\d:\d\d:\d\d$/.test(text)) return text;
    throw new UsageError(
      `--from takes seconds, or a time of day such as 12:28:30, not ${JSON.stringify(text)}`,
    );
  },
};
export const SPEED = integer(
  'speed',
  'N',
  { least: 1, most: MOST_SPEED },
  `Scenario seconds per second, 1 (default) to ${MOST_SPEED}.`,
);

/** Options of every command that probes. */
export const PROBE_OPTIONS = [DEADLINE, SIM, FROM, FORCE] as const;
/** Options of the commands that also judge. */
export const JUDGE_OPTIONS = [CHECKS, REQUIRE, FAIL_ON, ISOLATION, SPEED] as const;

export const NO_COLOR = flag('no-color', 'No color. NO_COLOR in the environment does the same.');
export const HELP = flag(
  'help',
  'Print the help, with examples; of a command: `gpuprobe COMMAND --help`.',
  'h',
);
export const VERSION = flag('version', 'Print the version.');
/** Options of every command. */
export const COMMON_OPTIONS = [NO_COLOR, HELP, VERSION] as const;

/** Returns the time options of a simulated machine. */
export function timeOf(words: Words): Omit<Simulation, 'scenario'> {
  return given({ from: words.value(FROM), speed: words.value(SPEED) });
}

/** Returns the options for `probe()`. */
export function probeOptionsOf(words: Words): ProbeOptions {
  const scenario = words.value(SIM);
  const time = timeOf(words);
  if (scenario === undefined && Object.keys(time).length > 0) {
    throw new UsageError('--from and --speed go with --sim SCENARIO');
  }
  return given({
    deadlineMs: words.value(DEADLINE),
    require: words.value(REQUIRE),
    checks: words.value(CHECKS),
    isolation: words.value(ISOLATION),
    simulate: scenario === undefined ? undefined : { scenario, ...time },
    force: words.value(FORCE),
  });
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Drops undefined values, so that options that are not given get their defaults. */
function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}
