// @ts-check
// A service that closes its monitor while 100 callers wait for a driver that hangs: says what they got.
import { coded, createGpuProbe, pause, say } from '../../support/service-kit.mjs';

const gpu = createGpuProbe({ logger: false, simulate: 'hang-nvml-read', deadlineMs: 60_000 });
const all = Promise.all(Array.from({ length: 100 }, () => coded(gpu.check())));
await pause(100);
await gpu.close();
say([...new Set(await all)]);
