// @ts-check
// A monitor of a simulated machine that changes under it. The modules and not the bundle: they share the machine.
import { createGpuProbe } from '../../../build/lib/index.js';
import { changeMachine, startMachine } from '../../../build/lib/sim/machine.js';
import { pause, say } from '../../support/service-kit.mjs';

/** @typedef {import('../../../dist/index.js').GpuProbe} GpuProbe */
/** @typedef {import('../../../dist/index.js').Latest} Latest */

const simulate = { scenario: 'idle' };

/**
 * A monitor that has looked once.
 * @param {import('../../../dist/index.js').GpuProbeOptions} options
 * @returns {Promise<GpuProbe>}
 */
export async function startMonitor(options) {
  const gpu = /** @type {GpuProbe} */ (createGpuProbe({ simulate, logger: false, ...options }));
  await gpu.check();
  return gpu;
}

/** @param {object[]} faults of the machine's driver from now on */
export const setFaults = (faults) => changeMachine(startMachine(simulate), { faults });

/**
 * Waits for as long as it takes, and keeps the process alive meanwhile, as a monitor does not.
 * @param {GpuProbe} gpu
 * @param {(latest: Latest) => boolean} holds
 */
export async function until(gpu, holds) {
  while (!holds(gpu.latest())) await pause(10);
}

/** @param {Latest} latest */
export const isWell = ({ state, report, consecutiveFailures }) =>
  state === 'fresh' && report?.verdict === 'ok' && consecutiveFailures === 0;

/** Says all but the reports. @param {GpuProbe} gpu */
export function sayLatest(gpu) {
  const { report, lastGood, ...rest } = gpu.latest();
  say({ ...rest, verdict: report?.verdict ?? null });
}
