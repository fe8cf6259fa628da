import type { Verdict } from '../../probe/report.js';

/** What the shell sees. 2 is never used: shells and Node give it to failures that are not ours. */
export const EXIT = { ok: 0, failed: 1, unknown: 3, usage: 64 } as const;

/** The exit code of a verdict; `degraded` passes unless told otherwise. */
export function exitCodeOf(verdict: Verdict, failOnDegraded: boolean): number {
  if (verdict === 'failed') return EXIT.failed;
  if (verdict === 'unknown') return EXIT.unknown;
  return verdict === 'degraded' && failOnDegraded ? EXIT.failed : EXIT.ok;
}
