import type { Check } from '../probe/report.js';

/** A status code, or the name of one of gpuprobe's own statuses, which have no code. */
export type Answer = number | string;

/** Returns the distinct answers of checks. */
export function answersOf(checks: readonly Check[]): Answer[] {
  return [...new Set(checks.flatMap((check) => check.code ?? check.name ?? []))];
}
