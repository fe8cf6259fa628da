import type { Report } from '../../../probe/report.js';
import type { Invocation } from '../arguments.js';
import type { CliContext, CommandResult } from '../context.js';
import { exitCodeOf } from '../exit-codes.js';
import { painter } from '../human/paint.js';
import { humanReport } from '../human/report.js';
import { widthOf } from '../human/text.js';
import { npdLine } from '../npd-line.js';
import { createProgressLine } from '../progress-line.js';

/** `gpuprobe [check]`: probe, judge, report. */
export async function check(
  invocation: Extract<Invocation, { command: 'check' }>,
  context: CliContext,
): Promise<CommandResult> {
  const { stderr, env, now } = context;
  const progress = createProgressLine(stderr, env, now);
  try {
    const report = await context.probe(invocation.probe, { onProgress: progress.show });
    const exitCode = exitCodeOf(report.verdict, invocation.failOnDegraded);
    return { exitCode, stdout: written(report, invocation, context), stderr: '' };
  } finally {
    progress.erase();
  }
}

function written(
  report: Report,
  { format, color }: Extract<Invocation, { command: 'check' }>,
  { stdout, env }: CliContext,
): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'npd':
      return npdLine(report);
    case 'human':
      return humanReport(report, widthOf(stdout.columns), painter(stdout, env, color));
  }
}
