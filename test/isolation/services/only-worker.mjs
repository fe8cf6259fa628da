// @ts-check
// A service in which only a worker has loaded the addon; it is terminated with a probe in flight.
import { once } from 'node:events';
import { pause, say } from '../../support/service-kit.mjs';
import { startWorker } from './start-worker.mjs';

const worker = startWorker({
  leave: { simulate: 'hang-nvml-init', isolation: 'thread', checks: ['nvml'], deadlineMs: 1000 },
  afterMs: 100,
});
await once(worker, 'message');
await worker.terminate();
// The deadline of what was asked wakes the thread, if its code is still there.
await pause(1500);
say('still here');
