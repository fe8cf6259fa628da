import { describe, expect, it } from 'vitest';
import type { Facts } from '../../lib/probe/report.js';
import { historyEntryOf } from '../../lib/verdict/history.js';
import { judge } from '../../lib/verdict/judge.js';
import { check, device, facts, GPU1, noDriver, silentDevice } from './facts.js';

const LOST = { code: 15, name: 'NVML_ERROR_GPU_IS_LOST' };
const second = device({ index: 1, uuid: GPU1, pciBusId: '00000000:02:00.0', minor: 1 });

describe('required GPUs', () => {
  const missing = (given: Facts, require: number) =>
    judge(given, { require }).findings.filter(({ id }) => id === 'devices-missing');

  it('counts those that answer', () => {
    expect(missing(facts(), 1)).toEqual([]);
    expect(missing(facts(), 2)).toMatchObject([
      { severity: 'critical', summary: '1 of 2 required GPUs answered.' },
    ]);
  });

  it('does not count one that is listed and lost, or all zero', () => {
    expect(
      missing(facts({ devices: [device(), silentDevice(LOST, { index: 1, uuid: GPU1 })] }), 2),
    ).toHaveLength(1);
    expect(missing(facts({ devices: [silentDevice({ code: null, name: 'ALL_ZERO' })] }), 1)).toHaveLength(1);
  });

  it('is not met without a driver, which is then a failure', () => {
    expect(judge(noDriver(), { require: 1 }).verdict).toBe('failed');
  });

  it('counts contexts where NVML was not asked, and nodes where nothing else was', () => {
    const contexts = facts({ devices: [] });
    contexts.checks = contexts.checks.filter(({ id }) => !id.startsWith('nvml.'));
    expect(missing(contexts, 1)).toEqual([]);
    const only = { ...facts({ devices: [] }), checks: [check('nodes', 'layer0')] };
    expect(missing(only, 1)).toEqual([]);
    expect(missing(only, 2)).toHaveLength(1);
    const egl = check('egl.image', 'fresh', { outcome: 'not-probed', name: 'NOT_IMPLEMENTED' });
    expect(missing({ ...only, checks: [...only.checks, egl] }, 1)).toEqual([]);
  });

  it('warns of fewer than earlier', () => {
    const earlier = historyEntryOf(facts({ devices: [device(), second] }));
    const { verdict, findings } = judge(facts(), { history: [earlier] });
    expect(findings).toMatchObject([{ id: 'devices-missing', severity: 'warning' }]);
    expect(findings[0]?.observed[0]).toBe(`listed at 2025-11-05T12:35:00.000Z, and not now: ${GPU1}`);
    expect(findings[0]?.summary).toBe('1 of 2 GPUs are still listed.');
    expect(verdict).toBe('degraded');
    expect(judge(facts(), { history: [historyEntryOf(facts())] }).findings).toEqual([]);
  });
});
