import { section } from '../human/section.js';
import { widthOf, wrap } from '../human/text.js';
import { DEMO_SPEED } from '../options.js';

const EXAMPLES = [
  ['gpuprobe demo', 'the whole story, in less than half a minute'],
  ['gpuprobe demo --speed 300', 'in a few seconds'],
] as const;

const OPTIONS = [
  [
    '--speed N',
    `Scenario seconds to the second, ${DEMO_SPEED.least} to ${DEMO_SPEED.most}. Default: ${DEMO_SPEED.usual}.`,
  ],
  ['--no-color', 'No colour. NO_COLOR in the environment does the same.'],
] as const;

/** `gpuprobe demo --help`: examples first. */
export function demoHelp(columns: number | undefined): string {
  const width = widthOf(columns);
  const lines = [
    ...wrap(
      'gpuprobe demo: an incident of a GPU streaming service, replayed on the simulated driver, with a monitor and a guard that it did not have. Needs no GPU, and touches none.',
      width,
    ),
    ...section('Examples', EXAMPLES, width),
    ...section('Options', OPTIONS, width),
  ];
  return `${lines.join('\n')}\n`;
}
