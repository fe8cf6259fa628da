import type { Finding, Host } from '../probe/report.js';
import { severityOf } from './impact.js';
import type { Absorbs, Hit, Rule } from './rule.js';
import { remedyHere } from './wsl.js';

/** A hit and the rule that produced it. */
export interface Found {
  rule: Rule;
  hit: Hit;
}

/**
 * Folds symptoms into the causes that explain them: the symptom's observed lines move to the cause, and the
 * symptom is removed. Works in table order, causes first, so that an absorbed cause absorbs nothing itself.
 *
 * A cause on the machine explains symptoms anywhere. A cause on a GPU explains those of the same GPU, and the
 * machine's own if every GPU has that cause.
 */
export function absorb(found: readonly Found[], devices: readonly string[]): Found[] {
  const absorbed = new Set<Found>();
  const lines = new Map(found.map((one) => [one, [...one.hit.observed]]));
  for (const cause of found) {
    if (absorbed.has(cause)) continue;
    const everywhere = devices.length > 0 && devices.every((id) => has(found, cause.rule, id));
    for (const symptom of found) {
      if (symptom === cause || absorbed.has(symptom)) continue;
      const reaches =
        cause.hit.device === null ||
        cause.hit.device === symptom.hit.device ||
        (symptom.hit.device === null && everywhere);
      // mutation: own-descriptors
      const explained = cause.hit.absorbs ?? cause.rule.absorbs ?? [];
      if (!reaches || !explained.some((symptoms) => explains(symptoms, symptom))) continue;
      absorbed.add(symptom);
      lines.get(cause)?.push(...(lines.get(symptom) ?? []));
    }
  }
  return found
    .filter((one) => !absorbed.has(one))
    .map((one) => ({ rule: one.rule, hit: { ...one.hit, observed: [...new Set(lines.get(one))] } }));
}

/** Returns a hit in its report form. */
export function toFinding({ rule, hit }: Found, host: Host): Finding {
  const impact = { ...rule.impact, ...hit.impact };
  return {
    id: rule.id,
    severity: severityOf(impact),
    impact,
    action: hit.action ?? rule.action,
    scope: hit.scope ?? rule.scope,
    device: hit.device,
    summary: hit.summary,
    observed: hit.observed,
    inferred: hit.inferred,
    remedy: remedyHere(host, hit.remedy),
  };
}

function has(found: readonly Found[], rule: Rule, device: string): boolean {
  return found.some((one) => one.rule === rule && one.hit.device === device);
}

function explains(symptoms: Absorbs, { rule, hit }: Found): boolean {
  if (symptoms.id !== rule.id) return false;
  const explained = symptoms.answers;
  if (explained === undefined) return true;
  const given = hit.answers ?? [];
  return given.length > 0 && given.every((answer) => explained.includes(answer));
}
