import { shortDuration } from '../../../format.js';
import type { Answers, CheckId, Outcome, Report, Verdict } from '../../../probe/report.js';
import { containerName } from '../../../verdict/container.js';
import { deviceLines } from './devices.js';
import { findingLines, groupFindings } from './findings.js';
import { type Paint, VERDICT_STYLE } from './paint.js';
import { wrap } from './text.js';

/** What the verdict means for GPU work, unless the two answers say more. */
const MEANING: Readonly<Record<Verdict, string>> = {
  ok: 'new GPU work can start and be watched.',
  degraded: 'new GPU work can start, but read the warnings.',
  failed: 'running GPU work is lost.',
  unknown: 'gpuprobe cannot tell; this says nothing about the health of a GPU.',
};

const READINGS: Readonly<Record<Answers['watching'], string>> = {
  yes: ' (readings still work)',
  degraded: ' (readings are in doubt)',
  no: ', and the GPU cannot be watched',
  unknown: '',
};
const WORK: Readonly<Record<Answers['starts'], string>> = {
  yes: ' (new GPU work can still start)',
  'at-risk': ' (new GPU work may start)',
  no: '',
  unknown: '',
};

/** Returns which answer is bad, because the reader wants to know whether sessions start. */
function meaning({ verdict, answers }: Report): string {
  if (verdict !== 'failed') return MEANING[verdict];
  if (answers.starts === 'no') return `new GPU work cannot start${READINGS[answers.watching]}.`;
  if (answers.watching === 'no') return `the GPU cannot be watched${WORK[answers.starts]}.`;
  return MEANING.failed;
}

/** Name of the rows for checks that gpuprobe does not implement yet. Every report has them. */
const NOT_IMPLEMENTED = 'NOT_IMPLEMENTED';

/** Returns the report for a tired reader: the verdict, findings and what to do, the GPUs, the checks. */
export function humanReport(report: Report, width: number, paint: Paint): string {
  const blocks = [
    header(report, width, paint),
    ...groupFindings(report.findings).map((group) => findingLines(group, width, paint)),
    deviceLines(report.devices, width, paint),
    footer(report, width, paint),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function header(report: Report, width: number, paint: Paint): string[] {
  const word = `${report.simulated ? '[SIMULATED] ' : ''}${report.verdict.toUpperCase()}`;
  const [first = '', ...rest] = wrap(`${word}: ${meaning(report)}`, width);
  const container = report.host.container ? ` (in ${containerName(report.host)})` : '';
  const where = `${report.host.hostname}${container}, ${report.takenAt}`;
  const simulated = report.simulated
    ? ["A simulated driver answered: nothing here is about this machine's GPUs."]
    : [];
  return [
    paint('bold', paint(VERDICT_STYLE[report.verdict], first.slice(0, word.length))) +
      first.slice(word.length),
    ...rest,
    ...[...simulated, where].flatMap((text) => wrap(text, width)).map((text) => paint('dim', text)),
  ];
}

/**
 * Returns `11 checks: 9 ok, 2 failed; 1.2 s; kernel driver 535.1, NVML 12.535.1, CUDA 12.2`, and the checks
 * that gpuprobe does not implement yet, which are not counted.
 */
function footer(report: Report, width: number, paint: Paint): string[] {
  const asked = report.checks.filter((check) => check.name !== NOT_IMPLEMENTED);
  const notYet = report.checks.filter((check) => check.name === NOT_IMPLEMENTED).map((check) => check.id);
  const counts = new Map<Outcome, number>();
  for (const { outcome } of asked) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const outcomes = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'none';
  const versions = [
    ['kernel driver', report.host.kernelDriverVersion],
    ['driver', report.host.kernelDriverVersion === null ? report.driver.version : null],
    ['NVML', report.driver.nvmlVersion],
    ['CUDA', report.driver.cudaVersion],
  ]
    .filter(([, version]) => version != null)
    .map((part) => part.join(' '))
    .join(', ');
  const parts = [
    `${asked.length} checks: ${outcomes}`,
    shortDuration(report.durationMs),
    versions || 'no driver version',
  ];
  const lines = [parts.join('; '), ...(notYet.length > 0 ? [`not probed yet: ${familiesOf(notYet)}`] : [])];
  return lines.flatMap((line) => wrap(line, width)).map((text) => paint('dim', text));
}

/** Returns `nvenc.session, egl.*`: several checks of one library become one name. */
function familiesOf(ids: readonly CheckId[]): string {
  const familyOf = (id: CheckId) => id.slice(0, id.indexOf('.'));
  const names = ids.map((id) =>
    ids.some((other) => other !== id && familyOf(other) === familyOf(id)) ? `${familyOf(id)}.*` : id,
  );
  return [...new Set(names)].join(', ');
}
