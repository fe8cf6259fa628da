// @ts-check
// A service that is stopped and continued: says what the monitor knows at the first moment after that, and when it is
// told to, what it knows once it is well again.
import { given, say, told } from '../../support/service-kit.mjs';
import { isWell, sayLatest, startMonitor, until } from './machine.mjs';

/** @type {{ staleAfterMs: number }} */
const { staleAfterMs } = given();
const gpu = await startMonitor({ intervalMs: 200, staleAfterMs });
say('ready');
// Nothing else of this process has run since it was stopped when this loop sees the jump.
for (let last = performance.now(); performance.now() - last <= staleAfterMs; ) {
  last = performance.now();
  await new Promise(setImmediate);
}
sayLatest(gpu);
await told();
await until(gpu, isWell);
sayLatest(gpu);
await gpu.close();
