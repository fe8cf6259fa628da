// A service with a telemetry process, a warm canary and a hung one, until somebody ends it.
import { setTimeout as sleep } from 'node:timers/promises';
import { openSource } from '../../build/lib/native/source.js';
import { startMachine } from '../../build/lib/sim/machine.js';
import { DEADLINES } from '../bench.mjs';

const healthy = openSource({
  inThread: false,
  libraryPath: '',
  machine: startMachine({ scenario: 'healthy' }),
});
await healthy.ask({ kind: 'telemetry', ...DEADLINES });
const device = healthy.snapshots.read()?.devices[0]?.uuid.value ?? '';
await healthy.ask({ kind: 'warmContext', device, ...DEADLINES });

const sick = openSource({
  inThread: false,
  libraryPath: '',
  machine: startMachine({ scenario: 'hang-cuda-context' }),
});
const hung = sick.ask({ kind: 'freshContext', device, ...DEADLINES });
const SETTLE_MS = 100;
await sleep(SETTLE_MS);
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await hung;
