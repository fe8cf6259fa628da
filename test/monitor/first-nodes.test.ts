import { afterEach, describe, expect, it } from 'vitest';
import { createGpuProbeOn } from '../../lib/monitor/create-gpu-probe.js';
import type { GpuProbe } from '../../lib/monitor/gpu-probe.js';
import type { Verdict } from '../../lib/probe/report.js';
import { record } from './recorded.js';

/** As root, NVIDIA's libraries create the device nodes that are missing: the first look is the only one that misses them. */

const opened: GpuProbe[] = [];
afterEach(async () => {
  for (const gpu of opened.splice(0)) await gpu.close();
});

/** Nodes that are missing for so many looks. */
async function watchWithout(looks: number) {
  const source = await record();
  const { nodes } = await source.ask({ kind: 'nodes', softMs: 1, hardMs: 1 });
  if (nodes === null) throw new Error('nothing was recorded');
  let left = looks;
  source.instead = ({ kind }) => {
    if (kind !== 'nodes' || left-- <= 0) return undefined;
    const missing = nodes.nodes.map((node) => ({ ...node, statErrno: 2, accessErrno: 2 }));
    return Promise.resolve({
      checks: [],
      nodes: { ...nodes, nodes: missing },
      cudaDevices: [],
      libraries: [],
    });
  };
  const errors: string[] = [];
  const logger = { error: (text: string) => errors.push(text), info: () => {} };
  const gpu = createGpuProbeOn({ open: source.open }, { logger, intervalMs: 100, canaryIntervalMs: 100 });
  opened.push(gpu);
  const verdicts: Verdict[] = [];
  gpu.on('verdict', ({ verdict }) => verdicts.push(verdict));
  await gpu.check();
  return { verdicts, errors, works: gpu.latest().monitoring.works };
}

describe('nodes that are missing at the first look', () => {
  it('and there once NVML has answered wake nobody', async () => {
    expect(await watchWithout(1)).toEqual({ verdicts: ['ok'], errors: [], works: true });
  });

  it('and missing for good are told', async () => {
    const { verdicts, errors } = await watchWithout(Number.POSITIVE_INFINITY);
    expect(verdicts[0]).toBe('failed');
    expect(errors[0]).toContain('GPU MONITORING DOES NOT WORK');
  });
});
