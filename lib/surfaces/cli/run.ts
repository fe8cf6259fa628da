import { ERRORS, GpuProbeError } from '../../errors.js';
import { parseArguments } from './arguments.js';
import { check } from './commands/check.js';
import { demo } from './commands/demo.js';
import { doctor } from './commands/doctor.js';
import { explain } from './commands/explain.js';
import { help } from './commands/help.js';
import { sim } from './commands/sim.js';
import { watch } from './commands/watch.js';
import type { CliContext, CommandResult } from './context.js';
import { EXIT } from './exit-codes.js';
import { printable } from './human/text.js';
import { UsageError } from './usage-error.js';

/** One command line, from words to what it prints and how it exits. Rejects only for a fault of its own. */
export async function run(argv: readonly string[], context: CliContext): Promise<CommandResult> {
  try {
    return await dispatch(argv, context);
  } catch (error) {
    if (error instanceof UsageError || isUsageError(error)) {
      return complaint(EXIT.usage, [`${error.message} (see gpuprobe --help)`]);
    }
    if (error instanceof GpuProbeError)
      return complaint(EXIT.unknown, [error.message, ...reasons(error), error.code]);
    throw error;
  }
}

/** What only the library could find wrong with the command line. */
function isUsageError(error: unknown): error is GpuProbeError {
  return (
    error instanceof GpuProbeError && /_(INVALID_OPTION|SCENARIO_INVALID|SCENARIO_UNKNOWN)$/.test(error.code)
  );
}

async function dispatch(argv: readonly string[], context: CliContext): Promise<CommandResult> {
  const invocation = parseArguments(argv);
  switch (invocation.command) {
    case 'help':
      return { exitCode: EXIT.ok, stdout: help(context.stdout.columns), stderr: '' };
    case 'version':
      return { exitCode: EXIT.ok, stdout: `${context.version}\n`, stderr: '' };
    case 'check':
      return check(invocation, context);
    case 'watch':
      return watch(invocation, context);
    case 'explain':
      return explain(invocation, context);
    case 'doctor':
      return doctor(invocation, context);
    case 'sim':
      return sim(invocation, context);
    case 'demo':
      return demo(invocation, context);
  }
}

/** What the system said, down the chain of causes, and what a reader can do about it. */
function reasons(error: GpuProbeError): string[] {
  const said: string[] = [];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) said.push(cause.message);
  return [...said, ERRORS[error.code]];
}

function complaint(exitCode: number, lines: readonly string[]): CommandResult {
  const [first = '', ...rest] = lines.map(printable);
  return {
    exitCode,
    stdout: '',
    stderr: [`gpuprobe: ${first}`, ...rest.map((line) => `  ${line}`), ''].join('\n'),
  };
}
