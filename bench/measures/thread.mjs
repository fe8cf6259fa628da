import { runChild } from '../children.mjs';

const SNAPSHOTS = 300;

/**
 * isolation: 'thread', in a service of its own: a process is real or one scenario for good.
 * @type {import('../measure.mjs').Measure}
 */
export const thread = {
  rows: [
    {
      id: 'thread',
      what: "isolation: 'thread', snapshot back to back",
      unit: 'time',
      floor: 'eventfd thread hand-off',
      goal: { times: 2 },
      cost: 'two wake-ups of a thread that the scheduler places on another, idle core; those of the floor share one',
    },
  ],
  async round({ floors }) {
    const floor = await floors.median('eventfd', SNAPSHOTS);
    const { report } = await runChild('thread-snapshots', [SNAPSHOTS]);
    return { thread: { value: report.ns, floor } };
  },
};
