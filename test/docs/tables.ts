import { ERRORS } from '../../lib/errors.js';
import { callsPerSecond } from '../../lib/monitor/budget.js';
import { resolveGpuProbeOptions } from '../../lib/monitor/options.js';
import { commandsOf, OPTIONS } from '../../lib/surfaces/cli/arguments.js';
import type { Option } from '../../lib/surfaces/cli/command.js';
import { severityOf } from '../../lib/verdict/impact.js';
import type { Rule } from '../../lib/verdict/rule.js';
import { RULES } from '../../lib/verdict/rules/index.js';

/** The tables of GUIDE.md that repeat data of lib/. Each stands there between `<!-- NAME:begin -->` and `end`. */
export const TABLES: Readonly<Record<string, string>> = {
  errors: table(
    ['code', 'meaning'],
    Object.entries(ERRORS).map(([code, meaning]) => [`\`${code}\``, meaning]),
  ),
  budget: table(
    ['machine', 'calls a second'],
    [1, 2, 8].map((gpus) => {
      const { probe: _, ...cadence } = resolveGpuProbeOptions({});
      const calls = callsPerSecond({ ...cadence, gpus, processes: 4 * gpus });
      return [`${gpus} GPU${gpus === 1 ? '' : 's'}, 4 processes on each`, `at most ${Math.ceil(calls)}`];
    }),
  ),
  options: table(
    ['option', 'goes with', 'meaning'],
    OPTIONS.map((one) => [option(one), commandsOf(one).join(', '), one.help]),
  ),
};

const described = (value: string) => (value === 'unaffected' ? null : value);

/** `starts blocked, watching broken`; what is unaffected is not named. */
function impactOf({ impact }: Rule): string {
  const touched = Object.entries(impact).flatMap(([what, value]) => described(value) && `${what} ${value}`);
  return touched.filter(Boolean).join(', ') || 'none';
}

/** FINDINGS.md: all that `gpuprobe explain` says, on one page. */
export const FINDINGS = [
  '# Findings',
  '',
  'Every finding of gpuprobe, printed from its rules (`npx vitest run test/docs -u` writes this page). A finding says what was observed, which',
  'causes would explain it and how sure each is, and what to do. Impact, action and scope are those of the rule; a hit may say less or more.',
  'Severity follows from the impact. `gpuprobe explain ID` prints the same.',
  '',
  table(
    ['finding', 'severity', 'meaning'],
    RULES.map((rule) => [`[\`${rule.id}\`](#${rule.id})`, severity(rule), rule.title]),
  ),
  ...RULES.map((rule) =>
    [
      '',
      `## ${rule.id}`,
      '',
      `**${rule.title}.** ${rule.meaning}`,
      '',
      `- Severity ${severity(rule)}; impact: ${impactOf(rule)}; action \`${rule.action}\`; scope ${rule.scope}.`,
      `- Detected: ${rule.detection}`,
      ...rule.lookalikes.map((lookalike) => `- Looks like it: ${lookalike}`),
      ...(rule.absorbs === undefined || rule.absorbs.length === 0
        ? []
        : [`- Explains: ${[...new Set(rule.absorbs.map(({ id }) => id))].join(', ')}.`]),
      `- Source: ${rule.source}`,
    ].join('\n'),
  ),
  '',
].join('\n');

/** What a document has between the markers of a table; undefined without markers. */
export function sectionOf(readme: string, name: string): string | undefined {
  return new RegExp(`<!-- ${name}:begin -->\n([\\s\\S]*?)\n<!-- ${name}:end -->`).exec(readme)?.[1];
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heading, heading.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(cell).join(' | ')} |`)
    .join('\n');
}

/** A bar would end the cell, also in code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function severity({ impact }: Rule): string {
  return impact.starts === 'unknown' ? 'info (verdict unknown)' : severityOf(impact);
}

function option({ name, short, value }: Option): string {
  const long = `--${name}${value === undefined ? '' : ` ${value}`}`;
  return short === undefined ? `\`${long}\`` : `\`-${short}\`, \`${long}\``;
}
