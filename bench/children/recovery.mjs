// How soon the first right answer comes after a fault has cleared.
import { setTimeout as sleep } from 'node:timers/promises';
import { openSource } from '../../build/lib/native/source.js';
import { changeMachine, startMachine } from '../../build/lib/sim/machine.js';

const SOFT_MS = 100;
const SLOW_MS = 400;
const FUNCTION = 'nvmlDeviceGetUtilizationRates';

const machine = startMachine({ scenario: 'healthy' });
const source = openSource({ inThread: false, libraryPath: '', machine });
const ask = (softMs) => source.ask({ kind: 'telemetry', softMs, hardMs: 60_000 });

/** Gets a call stuck by this fault, clears it, waits, and times the next answer. */
async function recover(fault, waitMs) {
  await ask(20_000);
  changeMachine(machine, { faults: [{ function: FUNCTION, ...fault }] });
  const { checks } = await ask(SOFT_MS);
  if (!checks.some(({ outcome }) => outcome === 'timeout')) throw new Error('nothing was stuck');
  changeMachine(machine, { faults: [] });
  await sleep(waitMs);
  const asked = performance.now();
  const answer = await ask(20_000);
  const wrong = answer.checks.find(({ outcome }) => outcome !== 'ok');
  if (wrong !== undefined) throw new Error(`${wrong.check} ${wrong.outcome}`);
  return (performance.now() - asked) * 1e6;
}

const report = {
  returnedNs: await recover({ delayMs: SLOW_MS }, 2 * SLOW_MS),
  replacedNs: await recover({ hang: true }, 0),
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
