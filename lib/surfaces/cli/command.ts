import type { CommandContext, CommandResult } from './context.js';
import { UsageError } from './usage-error.js';

/** A command-line option: how it is written, what its value means, and its line in the help. Shared by reference. */
export interface Option<Value = unknown> {
  name: string;
  short?: string;
  /** What stands for the value in the help. Without it the option takes none, and is parsed from ''. */
  value?: string;
  help: string;
  /** Throws {@link UsageError}. */
  parse(text: string): Value;
}

/** What stands on a command line beside the command's name. */
export interface Words {
  positionals: readonly string[];
  /** What follows `--`; null without one. */
  program: readonly string[] | null;
  /** The value of an option; undefined where it is not given. */
  value<Value>(option: Option<Value>): Value | undefined;
}

/** Rows of the help: what is written, and what it means. */
export type Rows = readonly (readonly [string, string])[];

/** A command. All that is said of it (parser, help, README's tables) is derived from this. */
export interface Command<Asked extends object = object> {
  name: string;
  /** How it is written after `gpuprobe`. */
  usage: string;
  /** One sentence. */
  summary: string;
  /** The most telling first: the general help shows two. */
  examples: Rows;
  /** Beside those of every command. */
  options: readonly Option[];
  /** More for its own help. */
  sections?: Readonly<Record<string, Rows>>;
  /** Throws {@link UsageError}. */
  parse(words: Words): Asked;
  run(asked: Asked, context: CommandContext): CommandResult | Promise<CommandResult>;
}

/** Refuses what follows the positionals that a command takes, and a program. */
export function atMost(count: number, { positionals, program }: Words, usage: string): void {
  const extra = positionals[count] ?? (program === null ? undefined : '--');
  if (extra !== undefined) {
    throw new UsageError(`unexpected ${JSON.stringify(extra)}; usage: gpuprobe ${usage}`);
  }
}
