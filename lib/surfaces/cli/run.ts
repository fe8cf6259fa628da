import { ERRORS, GpuProbeError } from '../../errors.js';
import { parseArguments } from './arguments.js';
import type { CliContext, CommandResult } from './context.js';
import { EXIT } from './exit-codes.js';
import { painter } from './human/paint.js';
import { printable, widthOf } from './human/text.js';
import { UsageError } from './usage-error.js';

/** Runs one command line and returns its output and exit code. Rejects only for an internal fault. */
export async function run(argv: readonly string[], context: CliContext): Promise<CommandResult> {
  try {
    return await dispatch(argv, context);
  } catch (error) {
    if (error instanceof UsageError || isUsageError(error)) {
      // A scenario file's mistakes are on separate lines.
      return complaint(EXIT.usage, `${error.message} (see gpuprobe --help)`.split('\n'));
    }
    if (error instanceof GpuProbeError)
      return complaint(EXIT.unknown, [error.message, ...reasons(error), error.code]);
    throw error;
  }
}

/** True for mistakes in the command line that only the library could find. */
function isUsageError(error: unknown): error is GpuProbeError {
  return (
    error instanceof GpuProbeError && /_(INVALID_OPTION|SCENARIO_INVALID|SCENARIO_UNKNOWN)$/.test(error.code)
  );
}

async function dispatch(argv: readonly string[], context: CliContext): Promise<CommandResult> {
  const invocation = parseArguments(argv);
  const { stdout, env } = context;
  const width = widthOf(stdout.columns);
  if (invocation.action === 'version') return printed(`${context.version()}\n`);
  if (invocation.action === 'help') {
    const { commandHelp, generalHelp } = await import('./help.js');
    const { command } = invocation;
    return printed(command === null ? generalHelp(width) : commandHelp(command, width));
  }
  const { command, asked, color } = invocation;
  return command.run(asked, { ...context, width, paint: painter(stdout, env, color) });
}

const printed = (stdout: string): CommandResult => ({ exitCode: EXIT.ok, stdout, stderr: '' });

/** Returns the system's messages along the chain of causes, and what the reader can do. */
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
