import { deviceId } from '../probe/device-id.js';
import type { CheckId, Facts, Finding, Report, Severity, Verdict } from '../probe/report.js';
import { absorb, toFinding } from './absorb.js';
import { RULES } from './rules/index.js';
import { createView, type JudgeContext, type View } from './view.js';

export type { JudgeContext } from './view.js';

const WORST_FIRST: readonly Severity[] = ['critical', 'warning', 'info'];

/**
 * Facts in, report out: every rule is asked, causes absorb the symptoms they explain, and the verdict
 * follows from what is left. Pure: the same facts and context give the same report.
 */
export function judge(facts: Facts, context: JudgeContext = {}): Report {
  const view = createView(facts, context);
  const found = RULES.flatMap((rule) => rule.find(view).map((hit) => ({ rule, hit })));
  const findings = absorb(found, facts.devices.map(deviceId)).map((one) => toFinding(one, facts.host));
  findings.sort((a, b) => WORST_FIRST.indexOf(a.severity) - WORST_FIRST.indexOf(b.severity));
  return { ...facts, findings, verdict: verdictOf(view, findings) };
}

function verdictOf(view: View, findings: readonly Finding[]): Verdict {
  if (findings.some((finding) => finding.severity === 'critical')) return 'failed';
  if (findings.some((finding) => finding.severity === 'warning')) return 'degraded';
  const blinding = RULES.filter((rule) => rule.blinds).map((rule) => rule.id);
  if (findings.some((finding) => blinding.includes(finding.id))) return 'unknown';
  return answered(view) ? 'ok' : 'unknown';
}

/**
 * Whether the deepest layer that was asked gave any good answer: the driver's own functions; the loading of
 * its libraries, where no more was asked; the device nodes, where nothing else was. Finding a library on
 * disk is no answer from a driver.
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
