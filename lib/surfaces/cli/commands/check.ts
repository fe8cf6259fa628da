import { CHECK_SELECTORS, type ProbeOptions } from '../../../probe/options.js';
import { atMost, type Command, type Words } from '../command.js';
import type { CommandContext, CommandResult } from '../context.js';
import { exitCodeOf } from '../exit-codes.js';
import { choice, FAIL_ON, JSON_OUTPUT, JUDGE_OPTIONS, PROBE_OPTIONS, probeOptionsOf } from '../options.js';
import { createProgressLine } from '../progress-line.js';
import { UsageError } from '../usage-error.js';

type Format = 'human' | 'json' | 'npd';

interface Asked {
  format: Format;
  failOnDegraded: boolean;
  probe: ProbeOptions;
}

const FORMAT = choice<Format>(
  'format',
  'FORMAT',
  ['human', 'json', 'npd'],
  'human (default), json, or npd: one line for node-problem-detector.',
);

const USAGE = '[check]';

/** `gpuprobe [check]`: probes, judges and reports. */
export const check: Command<Asked> = {
  name: 'check',
  usage: USAGE,
  summary: 'Probe the GPUs, judge, and report. The default.',
  examples: [
    ['gpuprobe', 'can new GPU work start here and be watched?'],
    ['gpuprobe --json', 'the same, for programs'],
    [
      'gpuprobe --require 1 --fail-on degraded',
      "a container's HEALTHCHECK: no GPU, or any warning, is exit 1",
    ],
    ['gpuprobe --checks nodes,nvml --deadline 2000', 'no CUDA context, and at most 2 s for each check'],
    ['gpuprobe --sim access-revoked', 'what a lost device cgroup looks like, without a GPU'],
    ['gpuprobe --isolation thread --format human', 'where exec is forbidden'],
  ],
  options: [JSON_OUTPUT, FORMAT, ...PROBE_OPTIONS, ...JUDGE_OPTIONS],
  sections: { Checks: [['LIST', CHECK_SELECTORS.join(', ')]] },
  parse(words) {
    atMost(0, words, USAGE);
    return {
      format: formatOf(words),
      failOnDegraded: words.value(FAIL_ON) !== undefined,
      probe: probeOptionsOf(words),
    };
  },
  run,
};

function formatOf(words: Words): Format {
  const format = words.value(FORMAT);
  if (words.value(JSON_OUTPUT) === undefined) return format ?? 'human';
  if (format === undefined || format === 'json') return 'json';
  throw new UsageError(`--json contradicts --format ${format}`);
}

type Context = Pick<CommandContext, 'probe' | 'stderr' | 'env' | 'now' | 'paint' | 'width'>;

async function run(asked: Asked, context: Context): Promise<CommandResult> {
  const { stderr, env, now, paint, width } = context;
  const progress = createProgressLine(stderr, env, now);
  try {
    const report = await context.probe(asked.probe, { onProgress: progress.show });
    const exitCode = exitCodeOf(report.verdict, asked.failOnDegraded);
    const print = {
      json: async () => `${JSON.stringify(report, null, 2)}\n`,
      npd: async () => (await import('../npd-line.js')).npdLine(report),
      human: async () => (await import('../human/report.js')).humanReport(report, width, paint),
    };
    return { exitCode, stdout: await print[asked.format](), stderr: '' };
  } finally {
    progress.erase();
  }
}
