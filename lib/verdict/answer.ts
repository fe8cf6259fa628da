import type { Check } from '../probe/report.js';

/** A status by number, or by name where it is gpuprobe's own and has none. */
export type Answer = number | string;

/** The distinct answers of checks. */
export function answersOf(checks: readonly Check[]): Answer[] {
  return [...new Set(checks.flatMap((check) => check.code ?? check.name ?? []))];
}
