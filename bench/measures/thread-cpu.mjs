import { runChild } from '../children.mjs';
import { startThreadCpu } from '../thread-cpu.mjs';

const SNAPSHOTS = 1000;

/**
 * What the JavaScript thread itself pays for a snapshot that it does not wait for.
 * @type {import('../measure.mjs').Measure}
 */
export const snapshotCpu = {
  rows: [
    {
      id: 'cpu-snapshot',
      what: 'JS-thread CPU per asynchronous snapshot',
      unit: 'time',
      goal: { atMost: 30e3 },
      cost: "mostly the kernel's, in waking the warden and in being woken",
    },
  ],
  async round(bench) {
    const cpuNs = startThreadCpu();
    for (let i = 0; i < SNAPSHOTS; i++) await bench.ask('telemetry');
    return { 'cpu-snapshot': { value: cpuNs() / SNAPSHOTS } };
  },
};

/**
 * @param {string} suffix
 * @param {string} service
 * @param {number} residentMiB
 * @param {number} [rounds]
 * @returns {import('../measure.mjs').Measure}
 */
function startCpu(suffix, service, residentMiB, rounds) {
  const ask = `cpu-start${suffix}`;
  const answer = `cpu-first-answer${suffix}`;
  return {
    rows: [
      {
        id: ask,
        what: `JS-thread CPU to start the warden${service}`,
        unit: 'time',
        goal: { atMost: 1e6 },
        cost: 'code that runs for the first time; thread and spawn are not on this thread',
      },
      { id: answer, what: 'the same up to the first answer, all code cold', unit: 'time' },
    ],
    ...(rounds !== undefined && { rounds }),
    async round() {
      const { report } = await runChild('first-question', [residentMiB]);
      return { [ask]: { value: report.askNs }, [answer]: { value: report.answerNs } };
    },
  };
}

export const startWarden = startCpu('', '', 0);
/** A service's size must not matter: nothing of it is copied. Filling 2 GiB takes long, so few rounds. */
export const startWardenInLarge = startCpu('-2gib', ', service with 2 GiB resident', 2048, 4);
