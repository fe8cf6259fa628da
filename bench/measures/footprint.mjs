import { runChild } from '../children.mjs';

/**
 * What a service has more of once it probes, and what its helper takes.
 * @type {import('../measure.mjs').Measure}
 */
export const footprint = {
  rows: [
    {
      id: 'service-memory',
      what: 'resident memory added to the service by the first probe, 200 more included',
      unit: 'bytes',
      goal: { atMost: 2 * 2 ** 20 },
      cost: 'loading the addon, which is 1.3 to 1.4 MiB of it when it is done by itself',
    },
    { id: 'service-modules', what: 'before that, by importing the package', unit: 'bytes' },
    { id: 'service-threads', what: 'threads added to the service', unit: 'count', goal: { atMost: 1 } },
    {
      id: 'service-descriptors',
      what: 'descriptors added to the service',
      unit: 'count',
      goal: { atMost: 4 },
    },
    { id: 'warden-memory', what: 'warden, VmRSS', unit: 'bytes', goal: { atMost: 1.5 * 2 ** 20 } },
    { id: 'warden-own-memory', what: 'of which its own (RssAnon)', unit: 'bytes' },
  ],
  async round() {
    const { report } = await runChild('footprint', [], ['--expose-gc']);
    return Object.fromEntries(Object.entries(report).map(([id, value]) => [id, { value }]));
  },
};
