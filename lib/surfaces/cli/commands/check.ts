import { GpuProbeError } from '../../../errors.js';
import type { ProbeOptions } from '../../../probe/options.js';
import type { Invocation } from '../arguments.js';
import { exitCodeOf } from '../exit-codes.js';
import { painter } from '../human/paint.js';
import { humanReport } from '../human/report.js';
import { widthOf } from '../human/text.js';
import { createProgressLine } from '../progress-line.js';
import type { Ending, Surroundings } from '../surroundings.js';
import { UsageError } from '../usage-error.js';

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
  } catch (error) {
    throw await asUsageError(error, invocation.probe, surroundings);
  } finally {
    progress.erase();
  }
}

/** What only the probe could find wrong with the command line is a usage error all the same. */
async function asUsageError(error: unknown, { simulate }: ProbeOptions, surroundings: Surroundings) {
  if (!(error instanceof GpuProbeError)) return error;
  switch (error.code) {
    case 'ERR_GPUPROBE_INVALID_OPTION':
    case 'ERR_GPUPROBE_SCENARIO_INVALID':
      return new UsageError(error.message);
    case 'ERR_GPUPROBE_SCENARIO_UNKNOWN': {
      const scenario = typeof simulate === 'object' ? simulate.scenario : simulate;
      const names = (await surroundings.simulator())
        .listScenarios()
        .map(({ name }) => name)
        .join(', ');
      return new UsageError(`no scenario or file ${JSON.stringify(scenario)}; scenarios: ${names}`);
    }
    default:
      return error;
  }
}
