// @ts-check
// A monitor of a driver that hangs for a while: says what it knows during the call, once the call has failed, and once the
// driver is well again.
import { isWell, sayLatest, setFaults, startMonitor, until } from './machine.mjs';

const gpu = await startMonitor({
  intervalMs: 100,
  staleAfterMs: 400,
  expireAfterMs: 60_000,
  deadlineMs: 4000,
  hardDeadlineMs: 5000,
  maxBackoffMs: 500,
});
setFaults([{ function: 'nvmlDeviceGetPowerUsage', hang: true }]);
await until(gpu, ({ state, pending }) => state === 'stale' && pending.length > 0);
sayLatest(gpu);
await until(gpu, ({ monitoring }) => monitoring.works === false);
sayLatest(gpu);
setFaults([]);
await until(gpu, (latest) => latest.monitoring.works === true && isWell(latest));
sayLatest(gpu);
await gpu.close();
