// @ts-check
import { Worker } from 'node:worker_threads';

/**
 * Starts worker.mjs; of another copy of the package, that copy's.
 * @param {import('./worker.mjs').Work} work
 * @param {string | URL} base
 */
export const startWorker = (work, base = import.meta.url) =>
  new Worker(new URL('worker.mjs', base), { workerData: work });
