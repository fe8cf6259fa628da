// Memory, threads and descriptors of this process before and after it probes.
import { handlesOf, memoryOf } from '../processes.mjs';

const ASKED = 200;

function residentBytes() {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  return memoryOf('self', 'VmRSS');
}

/**
 * What any service has done long before: compiled its hot code, which brings V8's compiler into memory, and let
 * its heap grow.
 */
async function workLikeAService() {
  const ROUNDS = 200;
  const ITEMS = 2000;
  for (let round = 0; round < ROUNDS; round++) {
    const items = new Map(Array.from({ length: ITEMS }, (_, i) => [`${i}`, { i, text: `item ${i}` }]));
    await Promise.all(Array.from(items.values(), async ({ i, text }) => i + text.length));
  }
}

const question = { kind: /** @type {const} */ ('telemetry'), softMs: 20_000, hardMs: 60_000 };
await workLikeAService();
residentBytes(); // the first reading grows the heap by its own code
const bare = residentBytes();
const { startMachine } = await import('../../build/lib/sim/machine.js');
const { openSource } = await import('../../build/lib/native/source.js');
const { loadAddon } = await import('../../build/lib/native/binding.js');
const imported = residentBytes();
const before = handlesOf('self');

loadAddon();
const loaded = residentBytes();
// No service has a simulated machine.
const machine = startMachine({ scenario: 'healthy' });
const simulated = residentBytes() - loaded;

const source = openSource({ inThread: false, libraryPath: '', machine });
for (let i = 0; i < 1 + ASKED; i++) {
  await source.ask(question);
  source.snapshots.read();
}
const probing = residentBytes();
const after = handlesOf('self');
const warden = loadAddon().binding.wardenPid();

const report = {
  'service-memory': probing - imported - simulated,
  'service-modules': imported - bare,
  'service-threads': after.threads - before.threads,
  'service-descriptors': after.descriptors - before.descriptors,
  'warden-memory': memoryOf(warden, 'VmRSS'),
  'warden-own-memory': memoryOf(warden, 'RssAnon'),
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
