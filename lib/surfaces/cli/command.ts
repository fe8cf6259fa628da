import type { CommandContext, CommandResult } from './context.js';
import { UsageError } from './usage-error.js';

/** A command-line option: its syntax, its value's parser, and its line in the help. Compared by reference. */
export interface Option<Value = unknown> {
  name: string;
  short?: string;
  /** Placeholder for the value in the help. Without it the option takes no value, and `parse` gets ''. */
  value?: string;
  help: string;
  /** Throws {@link UsageError}. */
  parse(text: string): Value;
}

/** The rest of a command line, without the command's name. */
export interface Words {
  positionals: readonly string[];
  /** The words after `--`; null without `--`. */
  program: readonly string[] | null;
  /** Returns the value of an option; undefined if it is not given. */
  value<Value>(option: Option<Value>): Value | undefined;
}

/** Rows of the help: the syntax and its meaning. */
export type Rows = readonly (readonly [string, string])[];

/** A command. The parser, the help and the README's tables are derived from this. */
export interface Command<Asked extends object = object> {
  name: string;
  /** The syntax after `gpuprobe`. */
  usage: string;
  /** One sentence. */
  summary: string;
  /** The most useful first: the general help shows two. */
  examples: Rows;
  /** Options in addition to the common ones. */
  options: readonly Option[];
  /** Additional sections of the command's help. */
  sections?: Readonly<Record<string, Rows>>;
  /** Throws {@link UsageError}. */
  parse(words: Words): Asked;
  run(asked: Asked, context: CommandContext): CommandResult | Promise<CommandResult>;
}

/** Rejects extra positionals, and a program after `--`. */
export function atMost(count: number, { positionals, program }: Words, usage: string): void {
  const extra = positionals[count] ?? (program === null ? undefined : '--');
  if (extra !== undefined) {
    throw new UsageError(`unexpected ${JSON.stringify(extra)}; usage: gpuprobe ${usage}`);
  }
}
