import { commandsOf, OPTIONS, optionsOf } from './arguments.js';
import type { Command, Option, Rows } from './command.js';
import { COMMANDS } from './commands/index.js';
import { section } from './human/section.js';
import { wrap } from './human/text.js';

/** Number of examples per command in the general help. */
const MOST_EXAMPLES = 2;

const EXIT_CODES: Rows = [
  ['0', 'ok or degraded'],
  ['1', 'failed; degraded too with --fail-on degraded. Of watch: the last verdict'],
  ['3', 'cannot tell: no driver to look at, or gpuprobe itself failed'],
  ['64', 'the command line is wrong'],
];

/** Returns the text of `gpuprobe --help`, examples first. */
export function generalHelp(width: number): string {
  const commandsToSay = (option: Option) => {
    const names = commandsOf(option);
    return names.length === COMMANDS.length ? '' : ` [${names.join(', ')}]`;
  };
  return page(
    'gpuprobe: know that the GPU is broken, or that your GPU monitoring is, before your users do.',
    {
      Examples: COMMANDS.flatMap(({ examples }) => examples.slice(0, MOST_EXAMPLES)),
      Commands: COMMANDS.map(({ usage, summary }) => [`gpuprobe ${usage}`, summary] as const),
      Options: OPTIONS.map((option) => [written(option), option.help + commandsToSay(option)] as const),
      'Exit codes': EXIT_CODES,
    },
    width,
  );
}

/** Returns the text of `gpuprobe COMMAND --help`, examples first. */
export function commandHelp(command: Command, width: number): string {
  const { usage, summary, examples, sections = {} } = command;
  return page(
    `gpuprobe ${usage}: ${summary}`,
    {
      Examples: examples,
      ...sections,
      Options: optionsOf(command).map((option) => [written(option), option.help] as const),
    },
    width,
  );
}

function written({ name, short, value }: Option): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

function page(title: string, sections: Readonly<Record<string, Rows>>, width: number): string {
  const lines = Object.entries(sections).flatMap(([name, rows]) => section(name, rows, width));
  return `${[...wrap(title, width), ...lines].join('\n')}\n`;
}
