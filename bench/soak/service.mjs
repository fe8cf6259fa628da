// The service under test: snapshots, with faults injected between them. At each checkpoint everything comes to rest,
// and the parent, which counts, says when to go on.
import { once } from 'node:events';
import { openSource } from '../../build/lib/native/source.js';
import { changeMachine, startMachine } from '../../build/lib/sim/machine.js';
import { AT_REST, CLEARED, expectTold, FAULTS } from './faults.mjs';

const [snapshots, faults, checkpoints] = process.argv.slice(2).map(Number);
if (snapshots === undefined || faults === undefined || checkpoints === undefined) throw new Error('counts');

const machine = startMachine({ scenario: 'healthy' });
const source = openSource({ inThread: false, libraryPath: '', machine });
const question = { kind: /** @type {const} */ ('telemetry'), softMs: 20_000, hardMs: 60_000 };
let taken = 0;
let injected = 0;

/** @param {import('../../build/lib/native/source.js').Question} asked */
async function mustBeOk(asked) {
  const { checks } = await source.ask(asked);
  const wrong = checks.find((check) => check.outcome !== 'ok');
  if (wrong !== undefined || checks.length === 0) {
    throw new Error(
      `${asked.kind} after ${taken} snapshots and ${injected} faults: ${JSON.stringify(wrong)}`,
    );
  }
}

async function takeSnapshot() {
  await mustBeOk(question);
  if (source.snapshots.read() === null) throw new Error('no snapshot');
  taken += 1;
}

async function inject() {
  const next = FAULTS[injected % FAULTS.length];
  if (next === undefined) throw new Error('no faults');
  changeMachine(machine, next.change);
  const { checks } = await source.ask(next.question);
  expectTold(next, checks);
  changeMachine(machine, CLEARED);
  injected += 1;
  await takeSnapshot();
}

/** Everything that is told at this checkpoint; returns when the parent has counted. */
async function checkpoint() {
  for (const asked of AT_REST) await mustBeOk(asked);
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  process.send?.({ taken, injected, heapBytes: process.memoryUsage().heapUsed });
  await once(process, 'message');
}

for (let done = 1; done <= checkpoints; done++) {
  const untilTaken = Math.round((snapshots * done) / checkpoints);
  const untilInjected = Math.round((faults * done) / checkpoints);
  const apart = Math.max(1, Math.floor((untilTaken - taken) / Math.max(1, untilInjected - injected)));
  while (taken < untilTaken || injected < untilInjected) {
    if (injected < untilInjected) await inject();
    for (let i = 1; i < apart && taken < untilTaken; i++) await takeSnapshot();
    if (injected === untilInjected && taken < untilTaken) await takeSnapshot();
  }
  await checkpoint();
}
process.disconnect();
