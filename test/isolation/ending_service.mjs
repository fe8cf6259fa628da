// A service that has probed, has a probe in flight that does not return, and ends as its argument says.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

async function occupy() {
  const { probe } = await import('../../dist/index.js');
  await probe({ simulate: 'healthy' });
  const hang = probe({ simulate: 'hang-nvml-init', checks: ['nvml'], deadlineMs: 200 });
  // By then it is in the driver, and stays there for as long as its process lives.
  await hang;
}

const endings = {
  exit: () => process.exit(7),
  throw: () => {
    throw new Error('uncaught');
  },
  natural: () => {},
};

if (!isMainThread) {
  await occupy();
  parentPort?.postMessage('occupied');
} else if (process.argv[2] === 'worker') {
  const worker = new Worker(new URL(import.meta.url));
  await once(worker, 'message');
  await worker.terminate();
  // Not the end of the process, which comes without exit handlers.
  process.kill(process.pid, 'SIGKILL');
} else {
  await occupy();
  setImmediate(endings[process.argv[2]]);
}
