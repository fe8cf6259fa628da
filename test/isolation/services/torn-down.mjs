// @ts-check
// A service that terminates four workers with a probe in flight, whose answers come later.
import { once } from 'node:events';
import { probe, say } from '../../support/service-kit.mjs';
import { startWorker } from './start-worker.mjs';

// This environment stays, and so does the warden.
await probe({ simulate: 'healthy' });
/** @type {import('../../../dist/index.js').ProbeOptions} */
const hang = { simulate: 'hang-nvml-init', checks: ['nvml'], deadlineMs: 700, hardDeadlineMs: 1400 };
const workers = Array.from({ length: 4 }, () => startWorker({ leave: hang, afterMs: 50 }));
await Promise.all(workers.map((worker) => once(worker, 'message')));
await Promise.all(workers.map((worker) => worker.terminate()));
// Of another machine, so that it waits for nobody; longer than what was asked before.
await probe({ simulate: 'hang-cuda-context', checks: ['cuda'], deadlineMs: 1500, hardDeadlineMs: 3000 });
say((await probe({ simulate: 'healthy' })).verdict);
