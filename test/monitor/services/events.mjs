// @ts-check
// A service whose monitor waits for the driver's events; it closes the monitor, and ends, when it is told to.
import { createGpuProbe, say, told } from '../../support/service-kit.mjs';

const gpu = createGpuProbe({ logger: false, simulate: 'idle', intervalMs: 20 });
await gpu.check();
say('monitors');
await told();
await gpu.close();
say('closed');
await told();
