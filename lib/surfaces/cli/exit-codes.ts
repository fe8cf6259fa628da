import type { Verdict } from '../../probe/report.js';

/** Exit codes. 2 is never used, because shells and Node use it for their own failures. */
export const EXIT = { ok: 0, failed: 1, unknown: 3, usage: 64 } as const;

/** Returns the exit code of a verdict; `degraded` is 0 unless `failOnDegraded` is set. */
export function exitCodeOf(verdict: Verdict, failOnDegraded: boolean): number {
  if (verdict === 'failed') return EXIT.failed;
  if (verdict === 'unknown') return EXIT.unknown;
  return verdict === 'degraded' && failOnDegraded ? EXIT.failed : EXIT.ok;
}
