// How late the verdict on a hang comes, with a free event loop and with a blocked one.

import { openSource } from '../../build/lib/native/source.js';
import { startMachine } from '../../build/lib/sim/machine.js';

const [softMs, blockedMs] = process.argv.slice(2).map(Number);
const source = openSource({
  inThread: false,
  libraryPath: '',
  machine: startMachine({ scenario: 'hang-nvml-init' }),
});

async function verdict() {
  const { checks } = await source.ask({ kind: 'telemetry', softMs, hardMs: 60_000 });
  const timeout = checks.find((check) => check.outcome === 'timeout');
  if (timeout === undefined) throw new Error('nothing hung');
  return timeout;
}

await source.ask({ kind: 'nodes', softMs: 5000, hardMs: 60_000 }); // the warden is there
const asked = performance.now();
await verdict();
const late = performance.now() - asked - softMs;

const pending = verdict();
const free = performance.now() + blockedMs;
while (performance.now() < free);
const { durationMs } = await pending;
const settled = performance.now() - free;

const report = {
  lateNs: late * 1e6,
  blockedLateNs: (durationMs - softMs) * 1e6,
  settledAfterNs: settled * 1e6,
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
