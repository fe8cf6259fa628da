import { severityOf } from '../../../verdict/impact.js';
import type { Rule } from '../../../verdict/rule.js';
import { findRule, RULES } from '../../../verdict/rules/index.js';
import { findXid, XID_SOURCE, type Xid } from '../../../verdict/xids.js';
import { nearest } from '../nearest.js';
import { UsageError } from '../usage-error.js';
import { type Paint, SEVERITY_STYLE } from './paint.js';
import { wrap } from './text.js';

/** Returns a rule's own description, or an Xid's meaning. Throws {@link UsageError} if the id is unknown. */
export function explanationOf(id: string, width: number, paint: Paint): string[] {
  const code = /^xid-?(\d+)$/i.exec(id)?.[1];
  if (code !== undefined) return xid(code, width, paint);
  const rule = findRule(id);
  if (rule === undefined) throw new UsageError(unknown(id));
  return explanation(rule, width, paint);
}

/** Returns every finding with its title. */
export function allFindings(width: number, paint: Paint): string[] {
  const column = Math.max(...RULES.map((rule) => rule.id.length));
  const severities = Math.max(...RULES.map((rule) => severityOf(rule.impact).length));
  const rules = RULES.flatMap((rule) => {
    const head = `${rule.id.padEnd(column)}  ${severityOf(rule.impact).padEnd(severities)}  `;
    const [first = '', ...rest] = wrap(rule.title, width, head);
    return [first.replace(rule.id, paint('bold', rule.id)), ...rest];
  });
  return [...rules, '', ...wrap('An Xid of the kernel log: `gpuprobe explain xid-79`', width)];
}

function explanation(rule: Rule, width: number, paint: Paint): string[] {
  const absorbs = (rule.absorbs ?? []).map(({ id, answers }) =>
    answers ? `${id} (${answers.join(', ')})` : id,
  );
  return [
    `${paint('bold', rule.id)}: ${rule.title} (${paint(SEVERITY_STYLE[severityOf(rule.impact)], severityOf(rule.impact))})`,
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

const FAULTS: Readonly<Record<Xid['fault'], string>> = {
  application: 'A program: a bug in it, or its end. It is not held against the GPU.',
  engine: 'The GPU, one engine of it, or the work that it was given.',
  memory: "The GPU's memory.",
  link: 'A link between GPUs, or the device at its other end.',
  bus: 'The PCIe link, the power, or the GPU itself.',
  driver: "The driver's code on the GPU, or its firmware.",
  notice: 'Nothing by itself: another event has the fault.',
};
const HELP: Readonly<Record<Xid['action'], string>> = {
  none: 'Nothing.',
  'restart-app': 'Restart the program whose work was ended. The GPU goes on.',
  reset: 'End the work on the GPU and reset it: `nvidia-smi --gpu-reset -i INDEX`, as root.',
  reboot: 'Reboot the machine; a power cycle where that does not bring the GPU back.',
  'as-logged':
    'What the line in the kernel log says after "GPU recovery action changed": None, GPU Reset Required, Node Reboot ' +
    'Required, Drain P2P or Drain and Reset. `gpuprobe` shows the same as recoveryAction, from driver 570 on.',
  support: 'Look into it, and ask the maker of the card or NVIDIA where it comes again.',
};
/** Xid codes with their own finding. */
const OWN_FINDING: Readonly<Record<number, string>> = { 154: 'recovery-action-changed' };
const FINDINGS = { critical: 'xid-critical', warning: 'xid-reported', info: 'xid-application' } as const;

/** Describes an Xid by its number in the kernel log: `NVRM: Xid (PCI:0000:41:00): 79, ...`. */
function xid(number: string, width: number, paint: Paint): string[] {
  const { code, name, what, fault, severity, action } = findXid(Number(number));
  return [
    `${paint('bold', `Xid ${code}`)}: ${name} (${paint(SEVERITY_STYLE[severity], severity)})`,
    ...section('What happened', [`${what.charAt(0).toUpperCase()}${what.slice(1)}.`], width, paint),
    ...section('Whose fault it is', [FAULTS[fault]], width, paint),
    ...section('What helps', [HELP[action]], width, paint),
    ...section('What gpuprobe makes of it', [OWN_FINDING[code] ?? FINDINGS[severity]], width, paint),
    ...section('Where it comes from', [XID_SOURCE], width, paint),
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
  return `no finding ${JSON.stringify(id)}; ${guess}ids: ${ids.join(', ')}; or xid-N`;
}
