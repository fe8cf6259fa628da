import { runChild } from '../children.mjs';
import { startThreadCpu } from '../thread-cpu.mjs';

const SNAPSHOTS = 1000;

/** What the JavaScript thread itself pays for a snapshot that it does not wait for. */
/** @type {import('../measure.mjs').Measure} */
export const snapshotCpu = {
  rows: [
    {
      id: 'cpu-snapshot',
      what: 'JS-thread CPU per asynchronous snapshot',
      unit: 'time',
      goal: { atMost: 30e3 },
    },
  ],
  async round(bench) {
    const cpuNs = startThreadCpu();
    for (let i = 0; i < SNAPSHOTS; i++) await bench.ask('telemetry');
    return { 'cpu-snapshot': { value: cpuNs() / SNAPSHOTS } };
  },
};

/**
 * @param {string} id
 * @param {string} what
 * @param {number} residentMiB
 * @param {number} [rounds]
 * @returns {import('../measure.mjs').Measure}
 */
function startCpu(id, what, residentMiB, rounds) {
  return {
    rows: [{ id, what, unit: 'time', goal: { atMost: 1e6 } }],
    ...(rounds !== undefined && { rounds }),
    async round() {
      const { report } = await runChild('first-question', [residentMiB]);
      return { [id]: { value: report.cpuNs } };
    },
  };
}

export const startWarden = startCpu('cpu-start', 'JS-thread CPU to start the warden', 0);
/** A service's size must not matter: nothing of it is copied. Filling 2 GiB takes long, so few rounds. */
export const startWardenInLarge = startCpu(
  'cpu-start-2gib',
  'the same in a service with 2 GiB resident',
  2048,
  4,
);
