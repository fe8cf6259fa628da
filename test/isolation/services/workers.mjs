// @ts-check
// A service with five workers that are terminated with a probe in flight, and one that probes beside them.
import { once } from 'node:events';
import { say } from '../../support/service-kit.mjs';
import { startWorker } from './start-worker.mjs';

const hung = Array.from({ length: 5 }, () =>
  startWorker({ leave: { simulate: 'hang-nvml-init', deadlineMs: 60_000 } }),
);
const [verdict] = await once(startWorker({ ask: { simulate: 'healthy' } }), 'message');
await Promise.all(hung.map((worker) => worker.terminate()));
say(verdict);
