import type { Invocation } from '../arguments.js';
import { exitCodeOf } from '../exit-codes.js';
import { painter } from '../human/paint.js';
import { humanReport } from '../human/report.js';
import { widthOf } from '../human/text.js';
import { createProgressLine } from '../progress-line.js';
import type { Ending, Surroundings } from '../surroundings.js';

/** `gpuprobe [check]`: probe, judge, report. */
export async function check(
  invocation: Extract<Invocation, { command: 'check' }>,
  surroundings: Surroundings,
): Promise<Ending> {
  const { stdout, stderr, env, now } = surroundings;
  const progress = createProgressLine(stderr, env, now);
  try {
    const report = await surroundings.probe(invocation.probe, { onProgress: progress.show });
    const text =
      invocation.format === 'json'
        ? `${JSON.stringify(report, null, 2)}\n`
        : humanReport(report, widthOf(stdout.columns), painter(stdout, env, invocation.color));
    return { exitCode: exitCodeOf(report.verdict, invocation.failOnDegraded), stdout: text, stderr: '' };
  } finally {
    progress.erase();
  }
}
