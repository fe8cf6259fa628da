/** The commands there are. */
export const COMMANDS = {
  check: { usage: '[check]', help: 'Probe the GPUs, judge, and report. The default.' },
  watch: {
    usage: 'watch',
    help: 'Look again and again, and print what changes as it happens, until SIGINT or SIGTERM.',
  },
  explain: {
    usage: 'explain [ID]',
    help: 'What a finding means, how it is detected, what else looks like it.',
  },
  doctor: {
    usage: 'doctor',
    help: "What gpuprobe found and loaded: its own files, the kernel's driver, the libraries function by function.",
  },
  sim: {
    usage: 'sim SCENARIO -- COMMAND...',
    help: 'Run any program on the simulated driver; its exit code is passed on. More forms: gpuprobe sim --help.',
  },
  demo: {
    usage: 'demo',
    help: 'An incident replayed on the simulated driver, with a monitor and a guard. Needs no GPU.',
  },
} as const;

export type CommandName = keyof typeof COMMANDS;

/** A command-line option: how it is written, which commands take it, and its line in the help. */
export interface OptionSpec {
  type: 'string' | 'boolean';
  short?: string;
  /** What stands for the value in the help. */
  value?: string;
  commands: readonly CommandName[];
  help: string;
}

const EVERYWHERE: readonly CommandName[] = ['check', 'watch', 'explain', 'doctor', 'sim', 'demo'];
const CHECK: readonly CommandName[] = ['check'];
const LOOKING: readonly CommandName[] = ['check', 'watch'];
const EXAMINING: readonly CommandName[] = ['check', 'watch', 'doctor'];
const SIMULATED: readonly CommandName[] = ['check', 'watch', 'doctor', 'sim'];

/** Every option, in the order of the help. */
export const OPTIONS = {
  json: {
    type: 'boolean',
    commands: EXAMINING,
    help: 'As JSON on stdout; short for --format json. With watch: each event as a line of JSON.',
  },
  format: {
    type: 'string',
    value: 'FORMAT',
    commands: CHECK,
    help: 'human (default), json, or npd: one line for node-problem-detector.',
  },
  deadline: {
    type: 'string',
    value: 'MS',
    commands: EXAMINING,
    help: 'Milliseconds until a check counts as unanswered. Default: NVML 5000, CUDA 15000, and at the first open 4000 more for each further GPU.',
  },
  checks: {
    type: 'string',
    value: 'LIST',
    commands: LOOKING,
    help: 'Only these, comma-separated, and what they need; nvml, cuda, nvenc and egl stand for all of theirs.',
  },
  interval: {
    type: 'string',
    value: 'MS',
    commands: ['watch'],
    help: 'With watch: milliseconds between looks. Default 2000; lists of processes every 5 looks, canaries every 15.',
  },
  require: { type: 'string', value: 'N', commands: LOOKING, help: 'Fail unless at least N GPUs answer.' },
  'fail-on': { type: 'string', value: 'degraded', commands: LOOKING, help: 'Exit 1 on warnings too.' },
  isolation: {
    type: 'string',
    value: 'MODE',
    commands: LOOKING,
    help: 'process (default), or thread: driver calls in this process, for where exec is forbidden.',
  },
  sim: {
    type: 'string',
    value: 'SCENARIO',
    commands: EXAMINING,
    help: 'Probe the simulated driver: a scenario of `gpuprobe sim --list`, or a file.',
  },
  from: {
    type: 'string',
    value: 'MOMENT',
    commands: SIMULATED,
    help: 'Begin the scenario there: seconds, or a time of day where it has such (12:28:30).',
  },
  speed: {
    type: 'string',
    value: 'N',
    commands: ['check', 'watch', 'sim', 'demo'],
    help: 'Scenario seconds to the second, 1 (default) to 3600; for demo 90, to 600.',
  },
  force: {
    type: 'boolean',
    commands: EXAMINING,
    help: 'Load the libraries even where the kernel has no driver.',
  },
  bundle: {
    type: 'boolean',
    commands: ['doctor'],
    help: 'With doctor: all that a bug report needs as one JSON document, without names and UUIDs.',
  },
  list: { type: 'boolean', commands: ['sim'], help: 'With sim: list the scenarios.' },
  schema: { type: 'boolean', commands: ['sim'], help: 'With sim: the JSON Schema of scenario files.' },
  world: {
    type: 'string',
    value: 'WHERE',
    commands: ['sim'],
    help: 'With sim set and sim show: the machine of this gpuprobe sim, by its pid.',
  },
  'no-color': {
    type: 'boolean',
    commands: EVERYWHERE,
    help: 'No colour. NO_COLOR in the environment does the same.',
  },
  help: { type: 'boolean', short: 'h', commands: EVERYWHERE, help: 'This text.' },
  version: { type: 'boolean', commands: EVERYWHERE, help: 'The version.' },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof OPTIONS;

export const FORMATS = ['human', 'json', 'npd'] as const;
export const ISOLATIONS = ['process', 'thread'] as const;
export const FAIL_ON = ['degraded'] as const;
export const DEADLINE_MS = { least: 1, most: 3_600_000 } as const;
export const INTERVAL_MS = { least: 10, most: 3_600_000 } as const;
export const SPEED = { least: 1, most: 3600 } as const;
/** A look takes its time: faster than that, the story runs away from it. */
export const DEMO_SPEED = { least: 1, most: 600, usual: 90 } as const;
export const REQUIRE = { least: 1, most: 64 } as const;
