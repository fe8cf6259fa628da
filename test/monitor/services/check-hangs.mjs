// @ts-check
// A service that waits for one check of a driver that hangs, and for nothing else.
import { createGpuProbe, say } from '../../support/service-kit.mjs';

const gpu = createGpuProbe({ logger: false, simulate: 'hang-nvml-read', deadlineMs: 1000 });
gpu.check().then(({ verdict }) => say(verdict));
