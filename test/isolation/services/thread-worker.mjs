// @ts-check
// A service whose worker has left a call in thread mode that does not return, and which probes after the worker's end.
import { once } from 'node:events';
import { given, probe, say } from '../../support/service-kit.mjs';
import { startWorker } from './start-worker.mjs';

/** @type {import('../../../dist/index.js').ProbeOptions} */
const options = given();
const worker = startWorker({ ask: options, leave: { ...options, deadlineMs: 60_000 } });
await once(worker, 'message');
await worker.terminate();
say((await probe(options)).checks.some((row) => row.name === 'PROBE_STUCK'));
