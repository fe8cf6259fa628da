import type { Finding, Report, Verdict } from '../probe/report.js';
import type { EventPayload } from './events.js';

const keyOf = ({ id, device }: Finding) => `${id} ${device ?? ''}`;

interface TrackedFinding {
  finding: Finding;
  sinceMs: number;
}

/** Tracks the current findings, and computes what a new report changes. */
export class FindingTracker {
  #verdict: Verdict | null = null;
  #standing = new Map<string, TrackedFinding>();

  /** Returns this report's events: resolved findings, new findings, then the verdict if it has changed. */
  take(report: Report, nowMs: number): EventPayload[] {
    const next = new Map<string, TrackedFinding>();
    const events: EventPayload[] = [];
    for (const finding of report.findings) {
      const before = this.#standing.get(keyOf(finding));
      next.set(keyOf(finding), { finding, sinceMs: before?.sinceMs ?? nowMs });
      if (before?.finding.severity !== finding.severity) events.push({ type: 'finding', finding });
    }
    const gone = [...this.#standing].filter(([key]) => !next.has(key));
    const recovered = gone.map(
      ([, { finding, sinceMs }]): EventPayload => ({ type: 'recovered', finding, lastedMs: nowMs - sinceMs }),
    );
    const previous = this.#verdict;
    this.#verdict = report.verdict;
    this.#standing = next;
    const { verdict } = report;
    const changed: EventPayload[] =
      verdict === previous ? [] : [{ type: 'verdict', verdict, previous, report }];
    return [...recovered, ...events, ...changed];
  }
}
