import type { InspectedLibrary, InstallationReport } from '../../../probe/installation.js';
import type { ProbeOptions } from '../../../probe/options.js';
import { atMost, type Command } from '../command.js';
import type { CommandContext, CommandResult } from '../context.js';
import { EXIT } from '../exit-codes.js';
import type { Paint } from '../human/paint.js';
import { wrap } from '../human/text.js';
import { flag, JSON_OUTPUT, PROBE_OPTIONS, probeOptionsOf } from '../options.js';

interface Asked {
  json: boolean;
  bundle: boolean;
  probe: ProbeOptions;
}

const BUNDLE = flag(
  'bundle',
  'Print all that a bug report needs as one JSON document, without names and UUIDs.',
);

/** `gpuprobe doctor`: shows what was found and loaded, by function. `gpuprobe check` judges the GPU. */
export const doctor: Command<Asked> = {
  name: 'doctor',
  usage: 'doctor',
  summary:
    "What gpuprobe found and loaded: its own files, the kernel's driver, the libraries function by function.",
  examples: [
    ['gpuprobe doctor', 'which files, device nodes and libraries there are, and which functions they lack'],
    ['gpuprobe doctor --bundle', 'what a bug report needs, as one JSON document without names'],
  ],
  options: [JSON_OUTPUT, BUNDLE, ...PROBE_OPTIONS],
  parse(words) {
    atMost(0, words, 'doctor');
    return {
      json: words.value(JSON_OUTPUT) !== undefined,
      bundle: words.value(BUNDLE) !== undefined,
      probe: probeOptionsOf(words),
    };
  },
  run,
};

type Context = Pick<CommandContext, 'installation' | 'probe' | 'env' | 'version' | 'paint' | 'width'>;

async function run(asked: Asked, context: Context): Promise<CommandResult> {
  const examination = await (await context.installation()).inspectInstallation(asked.probe);
  const version = context.version();
  // Depends on whether gpuprobe can work here, not on the GPUs.
  const exitCode = examination.problem === null ? EXIT.ok : EXIT.unknown;
  if (asked.bundle) return { exitCode, ...(await bundle(examination, asked, context)) };
  if (asked.json) {
    return { exitCode, stdout: json({ gpuprobe: version, ...examination }), stderr: '' };
  }
  const lines = describe(examination, version, context.width, context.paint);
  return { exitCode, stdout: `${lines.join('\n')}\n`, stderr: '' };
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Returns everything for a bug report in one file, with nothing that identifies a person or a machine. */
async function bundle(
  examination: InstallationReport,
  { probe }: Asked,
  { probe: look, version, env }: Pick<CommandContext, 'probe' | 'version' | 'env'>,
): Promise<Pick<CommandResult, 'stdout' | 'stderr'>> {
  const report = examination.problem === null ? await look(probe, { onProgress: () => {} }) : null;
  const { REDACTED, redact } = await import('../redact.js');
  const whole = { gpuprobe: version(), redacted: REDACTED, examination, report };
  const hostname = examination.host?.hostname ?? report?.host.hostname ?? '';
  return {
    stdout: json(redact(whole, hostname, env.HOME ?? '')),
    stderr: `For a bug report. Read it before you send it; left out are: ${REDACTED.join(', ')}.\n`,
  };
}

function describe(examination: InstallationReport, version: string, width: number, paint: Paint): string[] {
  const { simulated, node, files, host, environment, libraries, notLoaded, problem } = examination;
  const rows = (title: string, entries: readonly (readonly [string, string])[]) => {
    const column = Math.max(0, ...entries.map(([left]) => left.length));
    const body = entries.flatMap(([left, right]) => wrap(right, width, `  ${left.padEnd(column)}  `));
    return entries.length === 0 ? [] : ['', paint('bold', title), ...body];
  };
  const glibc = node.glibc === null ? 'no glibc' : `glibc ${node.glibc}`;
  return [
    `${simulated ? '[SIMULATED] ' : ''}gpuprobe ${version}, Node ${node.version}, ${node.platform}-${node.arch}, ${glibc}`,
    ...(problem === null
      ? []
      : ['', ...wrap(`${problem.code}: ${problem.message}`, width, paint('red', 'cannot work here: '))]),
    ...rows('Package', filesOf(files)),
    ...rows('Kernel', kernelOf(host)),
    ...rows('Variables that the driver sees', Object.entries(environment)),
    ...(libraries ?? []).flatMap((library) => rows(library.soname, libraryOf(library))),
    ...(notLoaded === null ? [] : ['', ...wrap(`Libraries not loaded: ${notLoaded}.`, width)]),
    '',
    ...wrap(
      'Nothing here is judged: `gpuprobe` does that. For a bug report: `gpuprobe doctor --bundle > FILE`.',
      width,
    ),
  ];
}

function filesOf(files: InstallationReport['files']): [string, string][] {
  if (files === null) return [];
  return [
    ['addon', files.addon],
    ['warden', `${files.warden}${files.wardenIsExecutable ? '' : ' (not executable)'}`],
    ['simulator', files.simulator],
  ];
}

function kernelOf(host: InstallationReport['host']): [string, string][] {
  if (host === null) return [];
  return [
    [
      'module nvidia',
      host.kernelModule ? (host.kernelDriverVersion ?? 'loaded, version not readable') : 'not loaded',
    ],
    ...host.kernelGpus.map((bus): [string, string] => ['GPU', bus]),
    ...host.deviceNodes.map(({ path, code, name }): [string, string] => [
      path,
      code === null ? 'may be opened' : `${name ?? 'errno'} (${code})`,
    ]),
  ];
}

function libraryOf({ path, error, simulated, functions }: InspectedLibrary): [string, string][] {
  const present = functions.filter((one) => one.present).length;
  const missing = functions.filter((one) => !one.present);
  const loaded: [string, string][] =
    path === null
      ? []
      : [
          ['file', `${path}${simulated ? ' (the simulator)' : ''}`],
          ['functions', `${present} of the ${functions.length} that gpuprobe calls`],
          ...missing.map(({ name, required, since }): [string, string] => [
            'missing',
            `${name}, from driver ${since}${required ? ', required' : ''}`,
          ]),
        ];
  return [...loaded, ...(error === null ? [] : [['error', error] as [string, string]])];
}
