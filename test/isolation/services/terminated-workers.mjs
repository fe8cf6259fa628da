// @ts-check
// A service that terminates 200 workers with a probe in flight, once it is told to.
import { once } from 'node:events';
import { probe, say, told } from '../../support/service-kit.mjs';
import { startWorker } from './start-worker.mjs';

const round = async () => {
  const worker = startWorker({
    // Loads whatever is imported on use: Node leaks the descriptor of a file that a worker was reading as it was ended.
    ask: { simulate: 'healthy', checks: ['nodes'] },
    leave: { simulate: 'hang-nvml-init', deadlineMs: 60_000 },
    afterMs: 1,
  });
  await once(worker, 'message');
  await worker.terminate();
};

await probe({ simulate: 'healthy' });
for (let i = 0; i < 8; i++) await round();
say('settled');
await told();
for (let i = 0; i < 25; i++) await Promise.all(Array.from({ length: 8 }, round));
say((await probe({ simulate: 'healthy' })).verdict);
await told();
