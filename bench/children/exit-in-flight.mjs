// Asks everything of a scenario and leaves by process.exit() while whatever hangs is in flight.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSource } from '../../build/lib/native/source.js';
import { startMachine } from '../../build/lib/sim/machine.js';
import { loadScenario } from '../../build/lib/sim/scenario.js';
import { DEADLINES } from '../bench.mjs';
import { nowNs } from '../children.mjs';

const simulate = process.argv[2] ?? 'healthy';
const source = openSource({
  inThread: false,
  libraryPath: '',
  machine: startMachine({ scenario: simulate }),
});
const device = loadScenario(simulate).devices[0]?.uuid ?? '';
const kinds = /** @type {const} */ (['telemetry', 'freshNvml', 'warmContext', 'freshContext']);

let inFlight = kinds.length;
for (const kind of kinds) {
  source.ask({ kind, device: kind.endsWith('Context') ? device : '', ...DEADLINES }).then(() => inFlight--);
}
const SETTLE_MS = 150;
await sleep(SETTLE_MS);
// One that deadlocks at its exit answers everything before.
const expected = simulate.startsWith('hang-');
if (simulate !== 'exit-deadlock' && inFlight > 0 !== expected)
  throw new Error(`${inFlight} questions in flight`);
writeSync(1, `${JSON.stringify({ exitingNs: nowNs() })}\n`);
process.exit(0);
