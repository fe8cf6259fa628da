// @ts-check
// A cluster of two workers that probe whenever the primary asks them to.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { say, told } from '../../support/service-kit.mjs';

/** @param {import('node:cluster').Worker} worker @returns {Promise<string>} */
const ask = async (worker) => {
  const answer = once(worker, 'message');
  worker.send('probe');
  return (await answer)[0];
};

cluster.setupPrimary({ exec: fileURLToPath(new URL('cluster-worker.mjs', import.meta.url)), execArgv: [] });
const [first, second] = [cluster.fork(), cluster.fork()];
await Promise.all([once(first, 'message'), once(second, 'message')]);
say(await Promise.all([ask(first), ask(second)]));
say([first.process.pid, second.process.pid]);
await told();
say(await ask(second));
await told();
