// @ts-check
// A worker thread that probes as its data say, and reports to its parent once: the verdict of `ask`, or 'asked'.
import { parentPort, workerData } from 'node:worker_threads';
import { pause, probe } from '../../support/service-kit.mjs';

/**
 * @typedef {object} Work
 * @property {import('../../../dist/index.js').ProbeOptions} [ask] waited for
 * @property {import('../../../dist/index.js').ProbeOptions} [leave] asked after that, and not waited for
 * @property {number} [afterMs] how long the report to the parent waits after that
 * @property {boolean} [stay] the worker does not end by itself
 */
/** @type {Work} */
const { ask, leave, afterMs = 0, stay = false } = workerData;
const verdict = ask && (await probe(ask)).verdict;
if (leave !== undefined) probe(leave);
if (afterMs > 0) await pause(afterMs);
parentPort?.postMessage(verdict ?? 'asked');
if (stay) setInterval(() => {}, 1000);
