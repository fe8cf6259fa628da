// How late the event loop of a service is while it asks at 100 Hz: a driver that answers slowly or never, or nobody.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openSource } from '../../build/lib/native/source.js';
import { changeMachine, startMachine } from '../../build/lib/sim/machine.js';

const INTERVAL_MS = 10;
const FAULTS = {
  nobody: [],
  slow: [{ function: 'nvmlDeviceGetUtilizationRates', delayMs: 500 }],
  never: [{ function: 'nvmlDeviceGetUtilizationRates', hang: true }],
};

const [driver, durationMs] = [process.argv[2] ?? '', Number(process.argv[3])];
const machine = startMachine({ scenario: 'healthy' });
const source = openSource({ inThread: false, libraryPath: '', machine });
const ask = () => source.ask({ kind: 'telemetry', softMs: 200, hardMs: 60_000 });
await ask(); // the warden and its child are there, and all code is warm
changeMachine(machine, { faults: FAULTS[driver] });

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const timer = setInterval(() => {
  if (driver !== 'nobody') void ask();
}, INTERVAL_MS);
setTimeout(() => {
  delay.disable();
  clearInterval(timer);
  const report = { meanNs: delay.mean, p99Ns: delay.percentile(99) };
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}, durationMs);
