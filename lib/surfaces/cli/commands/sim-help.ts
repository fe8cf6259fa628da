import { section } from '../human/section.js';
import { widthOf, wrap } from '../human/text.js';

const EXAMPLES = [
  ['gpuprobe sim healthy -- nvidia-smi', 'the real nvidia-smi on two simulated GPUs'],
  ['gpuprobe sim access-revoked -- node service.js', 'your service, as its container loses the GPU'],
  ['gpuprobe sim ./mine.json -- ./test.sh', 'a scenario of your own'],
  ['gpuprobe sim wolf-2025-11-05 --from 12:27:00 --speed 60 -- bash', 'an incident, a minute to the second'],
  ['gpuprobe sim set access=revoked', 'change it, from a program inside'],
  ['gpuprobe sim set --world 4711 devices.1.lost=true', 'or from outside, by the pid of gpuprobe sim'],
] as const;

const FORMS = [
  [
    'sim SCENARIO -- COMMAND...',
    'Run a program on the simulated driver. Its exit code is passed on; 127: no such program, 126: it cannot be run, 128+N: ended by signal N.',
  ],
  [
    'sim set FIELD=VALUE...',
    'Change a machine while programs run on it. VALUE is JSON, or else a text; lists are set as a whole.',
  ],
  [
    'sim show [SCENARIO]',
    'A scenario with all that its presets fill in; without a name, the machine that runs here, as it is now.',
  ],
  ['sim --list', 'The scenarios that come with gpuprobe.'],
  ['sim --schema', 'The JSON Schema of a scenario file.'],
] as const;

const OPTIONS = [
  ['--from MOMENT', 'Begin the scenario there: seconds, or a time of day where it has such.'],
  ['--speed N', 'Scenario seconds to the second, 1 to 3600.'],
  [
    '--world PID',
    'For set and show: the machine of this gpuprobe sim. Default: the one around this process.',
  ],
] as const;

/** `gpuprobe sim --help`: examples first. */
export function simHelp(columns: number | undefined): string {
  const width = widthOf(columns);
  const lines = [
    ...wrap(
      'gpuprobe sim: any program on a simulated NVIDIA driver. It finds libnvidia-ml.so.1 and libcuda.so.1 through LD_LIBRARY_PATH, and so do the programs it starts; nothing else on this machine is touched.',
      width,
    ),
    ...section('Examples', EXAMPLES, width),
    ...section('Forms', FORMS, width),
    ...section('Options', OPTIONS, width),
  ];
  return `${lines.join('\n')}\n`;
}
