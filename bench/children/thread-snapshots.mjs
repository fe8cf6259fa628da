// Median nanoseconds of a snapshot in thread mode.

import { openSource } from '../../build/lib/native/source.js';
import { startMachine } from '../../build/lib/sim/machine.js';
import { DEADLINES } from '../bench.mjs';
import { median, timeEach } from '../statistics.mjs';

const count = Number(process.argv[2]);
const source = openSource({
  inThread: true,
  libraryPath: '',
  machine: startMachine({ scenario: 'healthy' }),
});

async function snapshot() {
  const { checks } = await source.ask({ kind: 'telemetry', ...DEADLINES });
  if (checks.some((check) => check.outcome !== 'ok') || source.snapshots.read() === null) {
    throw new Error('no snapshot');
  }
}

await timeEach(2 * count, snapshot); // until the code is compiled
const ns = median(await timeEach(count, snapshot));
process.stdout.write(`${JSON.stringify({ ns })}\n`);
