import { ERRORS } from '../../lib/errors.js';
import { callsPerSecond } from '../../lib/monitor/budget.js';
import { resolveGpuProbeOptions } from '../../lib/monitor/options.js';
import { OPTIONS, type OptionSpec } from '../../lib/surfaces/cli/options.js';
import { severityOf } from '../../lib/verdict/impact.js';
import type { Rule } from '../../lib/verdict/rule.js';
import { RULES } from '../../lib/verdict/rules/index.js';

/** The tables of README that repeat data of lib/. Each stands there between `<!-- NAME:begin -->` and `end`. */
export const TABLES: Readonly<Record<string, string>> = {
  findings: table(
    ['finding', 'severity', 'meaning'],
    RULES.map((rule) => [`\`${rule.id}\``, severity(rule), rule.meaning]),
  ),
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
    Object.entries(OPTIONS).map(([name, spec]) => [option(name, spec), spec.commands.join(', '), spec.help]),
  ),
};

/** What README has between the markers of a table; undefined without markers. */
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

function option(name: string, { short, value }: OptionSpec): string {
  const long = `--${name}${value === undefined ? '' : ` ${value}`}`;
  return short === undefined ? `\`${long}\`` : `\`-${short}\`, \`${long}\``;
}
