// @ts-check
// A service that has probed, has a probe in flight that does not return, and ends as its argument says.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { probe } from '../../support/service-kit.mjs';
import { ENDINGS } from './endings.mjs';

async function occupy() {
  await probe({ simulate: 'healthy' });
  // After its deadline it is in the driver, and stays there for as long as its process lives.
  await probe({ simulate: 'hang-nvml-init', checks: ['nvml'], deadlineMs: 200 });
}

if (!isMainThread) {
  await occupy();
  parentPort?.postMessage('occupied');
} else if (process.argv[2] === 'worker') {
  const worker = new Worker(new URL(import.meta.url));
  await once(worker, 'message');
  await worker.terminate();
  // Not the end of the process, which comes without exit handlers.
  ENDINGS.SIGKILL();
} else {
  await occupy();
  setImmediate(ENDINGS[/** @type {keyof ENDINGS} */ (process.argv[2])]);
}
