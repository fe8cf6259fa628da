import type { Finding, Report, Verdict } from '../probe/report.js';
import type { EventPayload } from './events.js';

const keyOf = ({ id, device }: Finding) => `${id} ${device ?? ''}`;

interface TrackedFinding {
  finding: Finding;
  sinceMs: number;
}

/** What stands of what was found, and so what a new report changes. */
export class FindingTracker {
  #verdict: Verdict | null = null;
  #standing = new Map<string, TrackedFinding>();

  /** The events that this report makes: what is gone, what is new, then the verdict if it is another one. */
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
