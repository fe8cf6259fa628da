// @ts-check
// A worker thread that holds a lease of the guard in the file that its data name.
import { parentPort, workerData } from 'node:worker_threads';
import { openGuard } from './open-guard.mjs';

await openGuard(workerData, 1).acquire({ id: 'a' });
parentPort?.postMessage('held');
setInterval(() => {}, 1000);
