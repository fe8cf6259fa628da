import type { Confidence, Finding, Inference } from '../../../probe/report.js';
import { type Paint, SEVERITY_STYLE } from './paint.js';
import { wrap } from './text.js';

const CAUSE: Readonly<Record<Confidence, string>> = {
  proven: 'Cause (proven)',
  likely: 'Likely cause',
  possible: 'Possible cause',
};

/** Groups findings that differ only in the GPU and its observations: eight GPUs, one advice. */
export function groupFindings(findings: readonly Finding[]): [Finding, ...Finding[]][] {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.id, finding.severity, finding.inferred, finding.remedy]);
    const group = groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  return [...groups.values()];
}

/** Returns a finding: the summary, then observations, then inferences, then the remedy. Never mixed. */
export function findingLines(group: readonly [Finding, ...Finding[]], width: number, paint: Paint): string[] {
  const [finding] = group;
  const mark = finding.severity.toUpperCase();
  const margin = ' '.repeat(mark.length + 2);
  const [head = '', ...rest] = group.flatMap(({ summary }, i) =>
    wrap(summary, width, i === 0 ? `${mark}  ` : margin),
  );
  const observed = [...new Set(group.flatMap((member) => member.observed))];
  return [
    paint('bold', paint(SEVERITY_STYLE[finding.severity], mark)) + head.slice(mark.length),
    ...rest,
    ...section('Observed', observed, width, paint, () => '- '),
    ...causes(finding.inferred, width, paint),
    ...section('What to do', finding.remedy, width, paint, (index) => `${index + 1}. `),
    ...wrap(`More: gpuprobe explain ${finding.id}`, width, '  ').map((line) => paint('dim', line)),
  ];
}

function causes(inferred: readonly Inference[], width: number, paint: Paint): string[] {
  return (Object.keys(CAUSE) as Confidence[]).flatMap((confidence) => {
    const these = inferred.filter((inference) => inference.confidence === confidence);
    if (these.length === 0) return [];
    const lines = these.flatMap(({ cause, because }) => [
      ...wrap(cause, width, '    - '),
      ...wrap(`because ${because}`, width, '      '),
    ]);
    return [`  ${paint('bold', CAUSE[confidence])}`, ...lines];
  });
}

function section(
  title: string,
  items: readonly string[],
  width: number,
  paint: Paint,
  mark: (index: number) => string,
): string[] {
  if (items.length === 0) return [];
  const lines = items.flatMap((item, index) => wrap(item, width, `    ${mark(index)}`));
  return [`  ${paint('bold', title)}`, ...lines];
}
