// @ts-check
// A service that is stopped and continued: says what the monitor knows at the first moment after that, and when it is
// told to, what it knows once it is well again.
import { given, say, told } from '../../support/service-kit.mjs';
import { isWell, sayLatest, startMonitor, until } from './machine.mjs';

/** @type {{ staleAfterMs: number }} */
const { staleAfterMs } = given();
const gpu = await startMonitor({ intervalMs: 200, staleAfterMs });
// Nothing else of this process has run since it was stopped when this loop sees the jump. It reads the clock once in a
// turn: between two readings it could be stopped without seeing it.
let last = performance.now();
// After the clock was read: from this line on it may be stopped at any instruction.
say('ready');
for (let now = last; now - last <= staleAfterMs; ) {
  last = now;
  await new Promise(setImmediate);
  now = performance.now();
}
sayLatest(gpu);
await told();
await until(gpu, isWell);
sayLatest(gpu);
await gpu.close();
