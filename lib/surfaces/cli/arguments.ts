import { parseArgs } from 'node:util';
import type { Command, Option, Words } from './command.js';
import { COMMANDS } from './commands/index.js';
import { nearest } from './nearest.js';
import { COMMON_OPTIONS, HELP, NO_COLOR, VERSION } from './options.js';
import { UsageError } from './usage-error.js';

/** A parsed command line. */
export type Invocation =
  /** Help for one command; null: for all. */
  | { action: 'help'; command: Command | null }
  | { action: 'version' }
  | { action: 'run'; command: Command; asked: object; color: boolean };

/** Every option once, in the order of the commands; the options common to all commands come last. */
export const OPTIONS: readonly Option[] = [
  ...new Set<Option>([...COMMANDS.flatMap(({ options }) => options), ...COMMON_OPTIONS]),
];

export const optionsOf = (command: Command): readonly Option[] => [...command.options, ...COMMON_OPTIONS];

/** Returns the names of the commands that accept an option. */
export const commandsOf = (option: Option): string[] =>
  COMMANDS.filter((command) => optionsOf(command).includes(option)).map(({ name }) => name);

/** Parses a command line. Throws {@link UsageError}. */
export function parseArguments(argv: readonly string[]): Invocation {
  const end = argv.indexOf('--');
  const { texts, positionals } = tokensOf(end < 0 ? argv : argv.slice(0, end));
  const [word, ...rest] = positionals;
  const command = commandNamed(word, texts);
  const values = valuesOf(texts, command);
  const words: Words = {
    positionals: rest,
    program: end < 0 ? null : argv.slice(end + 1),
    value: <Value>(option: Option<Value>) => values.get(option.name) as Value | undefined,
  };
  if (words.value(HELP)) return { action: 'help', command: word === undefined ? null : command };
  if (words.value(VERSION)) return { action: 'version' };
  return { action: 'run', command, asked: command.parse(words), color: !words.value(NO_COLOR) };
}

interface Token {
  /** As typed. */
  raw: string;
  name: string;
  text: string | undefined;
}

/**
 * Does not use parseArgs' strict mode: its messages span several lines, and it reports `--deadline -5` as an
 * ambiguity instead of an invalid number.
 */
function tokensOf(argv: readonly string[]): { texts: Token[]; positionals: string[] } {
  const options = Object.fromEntries(
    OPTIONS.map(({ name, short, value }) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const texts: Token[] = [];
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind === 'option') texts.push({ raw: token.rawName, name: token.name, text: token.value });
  }
  return { texts, positionals };
}

function commandNamed(word: string | undefined, texts: readonly Token[]): Command {
  const [usual] = COMMANDS;
  const found = word === undefined ? usual : COMMANDS.find(({ name }) => name === word);
  if (found !== undefined) return found;
  // The value of a misspelt option looks like a command. Report the option, which is the real mistake.
  const wrong = texts.find(({ name }) => !OPTIONS.some((option) => option.name === name));
  if (wrong !== undefined) throw notOf(usual, wrong.raw, wrong.name);
  const names = COMMANDS.map(({ name }) => name);
  throw new UsageError(
    `unknown command ${quoted(word)}; ${guess(word ?? '', names)}commands: ${names.join(', ')}`,
  );
}

/** Returns the option values by name. Two commands may have different options with the same name. */
function valuesOf(tokens: readonly Token[], command: Command): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const { raw, name, text } of tokens) {
    const option = optionsOf(command).find((one) => one.name === name);
    if (option === undefined) throw notOf(command, raw, name);
    const { value } = option;
    if (value === undefined && text !== undefined) throw new UsageError(`--${name} takes no value`);
    if (value !== undefined && text === undefined) {
      throw new UsageError(`--${name} needs a value: --${name} ${value}`);
    }
    values.set(name, option.parse(text ?? ''));
  }
  return values;
}

function notOf(command: Command, raw: string, name: string): UsageError {
  const elsewhere = OPTIONS.filter((option) => option.name === name).flatMap(commandsOf);
  if (elsewhere.length > 0) {
    return new UsageError(`--${name} goes with ${elsewhere.join(', ')}, not with ${command.name}`);
  }
  const names = optionsOf(command).map((option) => option.name);
  const options = names.map((one) => `--${one}`).join(', ');
  return new UsageError(`unknown option ${quoted(raw)}; ${guess(name, names, '--')}options: ${options}`);
}

function guess(word: string, words: readonly string[], before = ''): string {
  const near = nearest(word, words);
  return near === undefined ? '' : `did you mean ${before}${near}? `;
}

/** Returns the value in quotes, always on one line. */
function quoted(value: string | undefined): string {
  return JSON.stringify(value);
}
