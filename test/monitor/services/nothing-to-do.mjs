// @ts-check
// A service that has nothing to do but its monitor: CASE of those below.
import { createGpuProbe, given, pause } from '../../support/service-kit.mjs';

/** @typedef {import('../../../dist/index.js').GpuProbeOptions} GpuProbeOptions */
/** @typedef {import('../../../dist/index.js').GpuProbe} GpuProbe */
/** @type {Record<string, { options?: GpuProbeOptions, work?: (gpu: GpuProbe) => Promise<void> }>} */
const CASES = {
  unasked: { options: { simulate: 'idle' } },
  hanging: {
    options: { simulate: 'hang-nvml-init', deadlineMs: 3_600_000 },
    work: () => pause(200),
  },
  listening: {
    options: { simulate: 'idle' },
    work: async (gpu) => {
      gpu.on('verdict', () => {});
      gpu.on('xid', () => {});
    },
  },
  closed: {
    options: { simulate: 'idle' },
    work: async (gpu) => {
      await gpu.check();
      await gpu.close();
    },
  },
  'real machine': {},
  thread: {
    options: { simulate: 'idle', isolation: 'thread' },
    work: async (gpu) => {
      await gpu.check();
    },
  },
};

const { options, work } = CASES[given()] ?? {};
const gpu = createGpuProbe({ logger: false, ...options });
await work?.(gpu);
