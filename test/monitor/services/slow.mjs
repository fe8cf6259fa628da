// @ts-check
// A monitor of a driver that is slow: says how far its looks are apart, and then what it knows.
import { given, say } from '../../support/service-kit.mjs';
import { sayLatest, setFaults, startMonitor, until } from './machine.mjs';

/** @type {{ delayMs: number }} */
const { delayMs } = given();
const gpu = await startMonitor({
  intervalMs: 100,
  staleAfterMs: 30_000,
  expireAfterMs: 60_000,
  canaryIntervalMs: 600_000,
});
setFaults([{ function: 'nvmlDeviceGetTemperature', delayMs }]);
/** @type {number[]} */
const looks = [];
gpu.on('report', () => looks.push(performance.now()));
await until(gpu, () => looks.length >= 6);
// The first two may be from before the change.
say(looks.slice(2).map((at, i) => at - (looks[i + 1] ?? 0)));
sayLatest(gpu);
await gpu.close();
