import { runChild } from '../children.mjs';

/**
 * How soon a check tells that a driver is well again.
 * @type {import('../measure.mjs').Measure}
 */
export const recovery = {
  rows: [
    {
      id: 'recovery-returned',
      what: 'first right answer after a fault cleared and the stuck call returned',
      unit: 'time',
      goal: { atMost: 20e6 },
    },
    {
      id: 'recovery-replaced',
      what: 'the same where the stuck call never returns: a new process takes its place',
      unit: 'time',
      goal: { atMost: 20e6 },
    },
  ],
  rounds: 8,
  async round() {
    const { report } = await runChild('recovery', []);
    return {
      'recovery-returned': { value: report.returnedNs },
      'recovery-replaced': { value: report.replacedNs },
    };
  },
};
