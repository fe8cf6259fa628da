import { runChild } from '../children.mjs';

const DEADLINE_MS = 200;
const BLOCKED_MS = 600;

/**
 * How late the verdict "did not answer" comes, also while nobody listens for it.
 * @type {import('../measure.mjs').Measure}
 */
export const hangVerdict = {
  rows: [
    {
      id: 'hang-verdict',
      what: `hang verdict after a deadline of ${DEADLINE_MS} ms, late by`,
      unit: 'time',
      goal: { atMost: 10e6 },
    },
    {
      id: 'hang-verdict-blocked',
      what: `the same by the record, event loop blocked for ${BLOCKED_MS} ms`,
      unit: 'time',
      goal: { atMost: 10e6 },
    },
    {
      id: 'hang-answer-blocked',
      what: 'and its promise settled after the loop was free again by',
      unit: 'time',
      goal: { atMost: 10e6 },
    },
  ],
  rounds: 8,
  async round() {
    const { report } = await runChild('hang-verdict', [DEADLINE_MS, BLOCKED_MS]);
    return {
      'hang-verdict': { value: report.lateNs },
      'hang-verdict-blocked': { value: report.blockedLateNs },
      'hang-answer-blocked': { value: report.settledAfterNs },
    };
  },
};
