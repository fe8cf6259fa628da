import type { Rule } from '../../../verdict/rule.js';
import { findRule, RULES } from '../../../verdict/rules/index.js';
import type { Invocation } from '../arguments.js';
import { EXIT } from '../exit-codes.js';
import { type Paint, painter, SEVERITY_STYLE } from '../human/paint.js';
import { widthOf, wrap } from '../human/text.js';
import { nearest } from '../nearest.js';
import type { Ending, Surroundings } from '../surroundings.js';
import { UsageError } from '../usage-error.js';

/** `gpuprobe explain [ID]`: the rule's own words about itself; without an id, all ids. */
export function explain(
  { id, color }: Extract<Invocation, { command: 'explain' }>,
  { stdout, env }: Surroundings,
): Ending {
  const paint = painter(stdout, env, color);
  const width = widthOf(stdout.columns);
  if (id === null) return { exitCode: EXIT.ok, stdout: text(index(width, paint)), stderr: '' };
  const rule = findRule(id);
  if (rule === undefined) throw new UsageError(unknown(id));
  return { exitCode: EXIT.ok, stdout: text(explanation(rule, width, paint)), stderr: '' };
}

function index(width: number, paint: Paint): string[] {
  const column = Math.max(...RULES.map((rule) => rule.id.length));
  const severities = Math.max(...RULES.map((rule) => rule.severity.length));
  return RULES.flatMap((rule) => {
    const head = `${rule.id.padEnd(column)}  ${rule.severity.padEnd(severities)}  `;
    const [first = '', ...rest] = wrap(rule.title, width, head);
    return [first.replace(rule.id, paint('bold', rule.id)), ...rest];
  });
}

function explanation(rule: Rule, width: number, paint: Paint): string[] {
  const absorbs = (rule.absorbs ?? []).map(({ id, answers }) =>
    answers ? `${id} (${answers.join(', ')})` : id,
  );
  return [
    `${paint('bold', rule.id)}: ${rule.title} (${paint(SEVERITY_STYLE[rule.severity], rule.severity)})`,
    ...section('What it means', [rule.meaning], width, paint),
    ...section('How it is detected', [rule.detection], width, paint),
    ...section('What else looks like it', rule.lookalikes, width, paint),
    ...section(
      'What it explains, and so absorbs',
      absorbs.length > 0 ? [absorbs.join(', ')] : [],
      width,
      paint,
    ),
    ...section('Where it comes from', [rule.source], width, paint),
  ];
}

function section(title: string, items: readonly string[], width: number, paint: Paint): string[] {
  if (items.length === 0) return [];
  const mark = items.length > 1 ? '  - ' : '  ';
  return ['', paint('bold', title), ...items.flatMap((item) => wrap(item, width, mark))];
}

function unknown(id: string): string {
  const ids = RULES.map((rule) => rule.id);
  const near = nearest(id, ids);
  const guess = near === undefined ? '' : `did you mean ${near}? `;
  return `no finding ${JSON.stringify(id)}; ${guess}ids: ${ids.join(', ')}`;
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
