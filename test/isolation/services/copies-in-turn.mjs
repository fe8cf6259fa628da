// @ts-check
// A service in which a worker with another copy of the package is the first to probe, and ends while the main thread's copy asks.
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { given, probe, say, told } from '../../support/service-kit.mjs';
import { startWorker } from './start-worker.mjs';

/** @type {{ other: string }} */
const { other } = given();
const worker = startWorker(
  { ask: { simulate: 'healthy' }, leave: { simulate: 'hang-nvml-init', deadlineMs: 60_000 } },
  pathToFileURL(join(other, 'test/isolation/services/')),
);
await once(worker, 'message');
const mine = probe({ simulate: 'healthy' });
await worker.terminate();
say([(await mine).verdict, (await probe({ simulate: 'idle' })).verdict]);
await told();
