// @ts-check
// A service whose worker has a monitor that waits for the driver's events; it terminates the worker, and ends, when told to.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createGpuProbe, say, told } from '../../support/service-kit.mjs';

async function monitor() {
  const gpu = createGpuProbe({ logger: false, simulate: 'idle', intervalMs: 20 });
  await gpu.check();
  parentPort?.postMessage('monitors');
  setInterval(() => {}, 1000);
}

if (!isMainThread) await monitor();
else {
  const worker = new Worker(new URL(import.meta.url));
  say((await once(worker, 'message'))[0]);
  await told();
  await worker.terminate();
  say('terminated');
  await told();
}
