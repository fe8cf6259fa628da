import type { Report } from '../../../probe/report.js';
import type { Invocation } from '../arguments.js';
import { exitCodeOf } from '../exit-codes.js';
import { painter } from '../human/paint.js';
import { humanReport } from '../human/report.js';
import { widthOf } from '../human/text.js';
import { npdLine } from '../npd-line.js';
import { createProgressLine } from '../progress-line.js';
import type { Ending, Surroundings } from '../surroundings.js';

/** `gpuprobe [check]`: probe, judge, report. */
export async function check(
  invocation: Extract<Invocation, { command: 'check' }>,
  surroundings: Surroundings,
): Promise<Ending> {
  const { stderr, env, now } = surroundings;
  const progress = createProgressLine(stderr, env, now);
  try {
    const report = await surroundings.probe(invocation.probe, { onProgress: progress.show });
    const exitCode = exitCodeOf(report.verdict, invocation.failOnDegraded);
    return { exitCode, stdout: written(report, invocation, surroundings), stderr: '' };
  } finally {
    progress.erase();
  }
}

function written(
  report: Report,
  { format, color }: Extract<Invocation, { command: 'check' }>,
  { stdout, env }: Surroundings,
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
