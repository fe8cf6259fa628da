// @ts-check
// A service that has nothing more to do while its monitor is in a driver call that does not return.
import { say } from '../../support/service-kit.mjs';
import { setFaults, startMonitor, until } from './machine.mjs';

const gpu = await startMonitor({ intervalMs: 50, deadlineMs: 60_000 });
setFaults([
  { function: 'nvmlDeviceGetPowerUsage', hang: true },
  { function: 'cuCtxCreate_v2', hang: true },
]);
await until(gpu, ({ pending }) => pending.length > 0);
say('in a call');
