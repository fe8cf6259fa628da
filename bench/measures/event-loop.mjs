import { runChild } from '../children.mjs';

const DURATION_MS = 1500;

/** @param {string} driver */
async function meanNs(driver) {
  const { report } = await runChild('event-loop', [driver, DURATION_MS]);
  return report.meanNs;
}

/**
 * What a sick driver costs the event loop of a service that goes on asking it.
 * @type {import('../measure.mjs').Measure}
 */
export const eventLoop = {
  rows: ['500 ms each', 'never'].map((answers, index) => ({
    id: index === 0 ? 'event-loop-slow' : 'event-loop-never',
    what: `mean event-loop delay, polled at 100 Hz, driver calls that take ${answers}`,
    unit: 'time',
    floor: 'nobody polls',
    goal: { above: 0.2e6 },
  })),
  rounds: 8,
  async round() {
    const floor = await meanNs('nobody');
    return {
      'event-loop-slow': { value: await meanNs('slow'), floor },
      'event-loop-never': { value: await meanNs('never'), floor },
    };
  },
};
