import { CHECK_SELECTORS } from '../../../probe/options.js';
import { section } from '../human/section.js';
import { widthOf, wrap } from '../human/text.js';
import { COMMANDS, OPTIONS, type OptionSpec } from '../options.js';

const EXAMPLES = [
  ['gpuprobe', 'can the next GPU work here start and be watched?'],
  ['gpuprobe --json', 'the same, for programs'],
  ['gpuprobe --require 1 --fail-on degraded', "a container's HEALTHCHECK: no GPU, or any warning, is exit 1"],
  ['gpuprobe --checks nodes,nvml --deadline 2000', 'no CUDA context, and no longer than 2 s for each check'],
  ['gpuprobe --sim access-revoked', 'what a lost device cgroup looks like, without a GPU'],
  ['gpuprobe --isolation thread --format human', 'where exec is forbidden'],
  ['gpuprobe watch --json', 'what changes, as a line of JSON each, until Ctrl-C'],
  [
    'gpuprobe watch --sim wolf-2025-11-05 --from 12:28:00 --speed 60 --interval 100',
    'an incident, a minute in a second',
  ],
  ['gpuprobe doctor --bundle', 'what a bug report needs, as one JSON document without names'],
  ['gpuprobe explain device-access-revoked', 'what a finding means, and what else looks like it'],
  ['gpuprobe explain xid-79', 'what an Xid of the kernel log means, and whose fault it is'],
  ['gpuprobe demo', 'an incident, replayed without a GPU'],
  ['gpuprobe sim --list', 'the simulated machines'],
  ['gpuprobe sim gpu-lost -- nvidia-smi', 'any program on one of them'],
] as const;

const EXIT_CODES = [
  ['0', 'ok or degraded'],
  ['1', 'failed; degraded too with --fail-on degraded. Of watch: the last verdict'],
  ['3', 'cannot tell: no driver to look at, or gpuprobe itself failed'],
  ['64', 'the command line is wrong'],
] as const;

/** `gpuprobe --help`: examples first. */
export function help(columns: number | undefined): string {
  const width = widthOf(columns);
  const options = Object.entries(OPTIONS).map(([name, spec]: [string, OptionSpec]) => {
    const short = spec.short === undefined ? '' : `-${spec.short}, `;
    return [`${short}--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`, spec.help] as const;
  });
  const commands = Object.values(COMMANDS).map(
    ({ usage, help: text }) => [`gpuprobe ${usage}`, text] as const,
  );
  const lines = [
    ...wrap(
      'gpuprobe: know that the GPU is broken, or that your GPU monitoring is, before your users do.',
      width,
    ),
    ...section('Examples', EXAMPLES, width),
    ...section('Commands', commands, width),
    ...section('Options', options, width),
    ...section('Checks', [['LIST', CHECK_SELECTORS.join(', ')]], width),
    ...section('Exit codes', EXIT_CODES, width),
  ];
  return `${lines.join('\n')}\n`;
}
