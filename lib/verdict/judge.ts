import { deviceId } from '../probe/device-id.js';
import type { Answers, CheckId, Facts, Finding, Impact, Report, Severity, Verdict } from '../probe/report.js';
import { absorb, toFinding } from './absorb.js';
import { RULES } from './rules/index.js';
import { createView, type JudgeContext, type View } from './view.js';

export type { JudgeContext } from './view.js';

const WORST_FIRST: readonly Severity[] = ['critical', 'warning', 'info'];

/**
 * Turns facts into a report: runs every rule, lets causes absorb the symptoms they explain, and derives the
 * verdict from the rest. Pure: the same facts and context give the same report.
 */
export function judge(facts: Facts, context: JudgeContext = {}): Report {
  const view = createView(facts, context);
  const found = RULES.flatMap((rule) => rule.find(view).map((hit) => ({ rule, hit })));
  const findings = absorb(found, facts.devices.map(deviceId)).map((one) => toFinding(one, facts.host));
  findings.sort((a, b) => WORST_FIRST.indexOf(a.severity) - WORST_FIRST.indexOf(b.severity));
  return { ...facts, findings, answers: answer(view, findings), verdict: verdictOf(view, findings) };
}

function verdictOf(view: View, findings: readonly Finding[]): Verdict {
  if (findings.some(({ severity }) => severity === 'critical')) return 'failed';
  if (findings.some(({ severity }) => severity === 'warning')) return 'degraded';
  if (findings.some(({ impact }) => Object.values(impact).includes('unknown'))) return 'unknown';
  return answered(view) ? 'ok' : 'unknown';
}

/** Returns the answer for the worst impact of any finding; undefined if no finding says anything. */
function worst<Said, Answer>(said: readonly Said[], words: readonly [Said, Answer][]): Answer | undefined {
  return words.find(([word]) => said.includes(word))?.[1];
}

/** Answers the two questions separately: the worst impact of any finding, else what was seen to work. */
function answer(view: View, findings: readonly Finding[]): Answers {
  const seen = (id: CheckId) => (view.saw({ id, outcome: 'ok' }) ? 'yes' : 'unknown');
  const starts = worst<Impact['starts'], Answers['starts']>(
    findings.map(({ impact }) => impact.starts),
    [
      ['blocked', 'no'],
      ['at-risk', 'at-risk'],
      ['unknown', 'unknown'],
    ],
  );
  const watching = worst<Impact['watching'], Answers['watching']>(
    findings.map(({ impact }) => impact.watching),
    [
      ['broken', 'no'],
      ['degraded', 'degraded'],
      ['unknown', 'unknown'],
    ],
  );
  return { starts: starts ?? seen('cuda.context'), watching: watching ?? seen('nvml.telemetry') };
}

/**
 * Returns whether the deepest layer that was checked gave a good answer: the driver's own functions; if none
 * was checked, loading its libraries; if nothing else was checked, the device nodes. Finding a library on
 * disk is not an answer from a driver.
 */
function answered(view: View): boolean {
  const layers: ((id: CheckId) => boolean)[] = [
    (id) => id !== 'nodes' && !id.endsWith('.load'),
    (id) => id.endsWith('.load'),
    (id) => id === 'nodes',
  ];
  for (const layer of layers) {
    const asked = view.checks({}).filter((check) => layer(check.id));
    if (asked.length > 0) return asked.some((check) => check.outcome === 'ok');
  }
  return false;
}
