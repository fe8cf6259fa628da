// @ts-check
// A service in which one worker after the other is the only one to probe; it starts and terminates them when told to.
import { once } from 'node:events';
import { say, told } from '../../support/service-kit.mjs';
import { startWorker } from './start-worker.mjs';

for (;;) {
  const worker = startWorker({ ask: { simulate: 'healthy' }, stay: true });
  say((await once(worker, 'message'))[0]);
  await told();
  await worker.terminate();
  say('terminated');
  await told();
}
