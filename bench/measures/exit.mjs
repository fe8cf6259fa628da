import { listScenarios } from '../../build/lib/sim/scenario.js';
import { runChild } from '../children.mjs';

/** Every way to hang that the simulated driver knows. */
const HANGS = listScenarios()
  .map(({ name }) => name)
  .filter((name) => name.startsWith('hang-') || name === 'exit-deadlock');

/** @param {string} scenario */
async function exitNs(scenario) {
  const { report, endedNs } = await runChild('exit-in-flight', [scenario]);
  return endedNs - report.exitingNs;
}

/**
 * From the call of process.exit() until its parent knows; the slowest of the hangs counts.
 * @type {import('../measure.mjs').Measure}
 */
export const exit = {
  rows: [
    {
      id: 'exit-with-hang',
      what: `process.exit() with a hang in flight, the slowest of ${HANGS.join(', ')}`,
      unit: 'time',
      floor: 'nothing in flight',
      goal: { atMost: 50e6 },
    },
  ],
  rounds: 8,
  async round() {
    const floor = await exitNs('healthy');
    const times = [];
    for (const scenario of HANGS) times.push(await exitNs(scenario));
    return { 'exit-with-hang': { value: Math.max(...times), floor } };
  },
};
