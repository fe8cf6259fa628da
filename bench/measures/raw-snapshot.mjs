/**
 * What the driver itself takes: the room that is left for everything else.
 * @type {import('../measure.mjs').Measure}
 */
export const rawSnapshot = {
  rows: [{ id: 'raw-snapshot', what: 'raw C snapshot of two simulated GPUs, no lists', unit: 'time' }],
  async round({ floors }) {
    return { 'raw-snapshot': { value: await floors.median('snapshot', 50) } };
  },
};
