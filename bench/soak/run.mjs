import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { handlesOf, memoryOf, probesOf } from '../processes.mjs';

/**
 * @typedef {object} Sample
 * @property {number} snapshots taken so far
 * @property {number} faults injected so far
 * @property {number} seconds
 * @property {number} serviceBytes VmRSS
 * @property {number} wardenBytes VmRSS
 * @property {number} heapBytes JavaScript's, after a collection
 * @property {number} descriptors of the service
 * @property {number} wardenDescriptors
 * @property {number} threads of the service
 * @property {number} children processes of gpuprobe below the service
 */

const REST_MS = 20;
const MOST_MS_TO_REST = 10_000;

/** One that was killed or has just answered may not be reaped yet: waits until as many are left as there were first. */
async function childrenAtRest(/** @type {number} */ service, /** @type {number | undefined} */ resting) {
  const count = () => probesOf(service).length;
  for (let waited = 0; waited < MOST_MS_TO_REST; waited += REST_MS) {
    const before = count();
    await setTimeout(REST_MS);
    if (before === count() && (resting === undefined || before === resting)) return before;
  }
  return count();
}

/** @param {number} service @param {Sample | undefined} first */
async function sampleOf(service, first) {
  const children = await childrenAtRest(service, first?.children);
  const warden = probesOf(service)[0];
  if (warden === undefined) throw new Error('the service has no warden');
  const own = handlesOf(service);
  return {
    serviceBytes: memoryOf(service, 'VmRSS'),
    wardenBytes: memoryOf(warden.pid, 'VmRSS'),
    descriptors: own.descriptors,
    wardenDescriptors: handlesOf(warden.pid).descriptors,
    threads: own.threads,
    children,
  };
}

/** @param {Sample} sample @param {number} snapshots */
function progress({ snapshots: taken, faults, seconds, serviceBytes }, snapshots) {
  const left = Math.round((seconds / taken) * (snapshots - taken));
  const text = `${taken} snapshots, ${faults} faults, ${(serviceBytes / 2 ** 20).toFixed(1)} MiB, ${left} s left`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}

/**
 * Runs the service to its end and counts at each checkpoint.
 * @param {{ snapshots: number, faults: number, checkpoints: number }} asked
 * @returns {Promise<Sample[]>}
 */
export async function soak({ snapshots, faults, checkpoints }) {
  const path = fileURLToPath(new URL('service.mjs', import.meta.url));
  const service = fork(path, [snapshots, faults, checkpoints].map(String), { execArgv: ['--expose-gc'] });
  const started = performance.now();
  const ended = once(service, 'exit');
  /** @type {Sample[]} */
  const samples = [];
  for (let i = 0; i < checkpoints; i++) {
    const [told] = await Promise.race([once(service, 'message'), ended.then(() => [undefined])]);
    if (told === undefined || service.pid === undefined) {
      throw new Error(`the service ended after ${samples.length} checkpoints`);
    }
    const sample = {
      snapshots: told.taken,
      faults: told.injected,
      seconds: Math.round((performance.now() - started) / 1000),
      heapBytes: told.heapBytes,
      ...(await sampleOf(service.pid, samples[0])),
    };
    samples.push(sample);
    progress(sample, snapshots);
    service.send('go on');
  }
  const [status] = await ended;
  if (status !== 0) throw new Error(`the service ended with ${status}`);
  return samples;
}
