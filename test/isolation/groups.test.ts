import { describe, expect, it } from 'vitest';
import { childrenOf, eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

describe('Ctrl-C, which is for the whole process group', () => {
  it('is for the service: one that goes on keeps its warden and its answer', async () => {
    const service = startService('isolation/services/interrupted.mjs', { detached: true });
    const warden = await wardenOf(service.pid, 1);
    process.kill(-service.pid, 'SIGINT');
    expect(await service.line()).toBe('interrupted');
    expect(await service.line()).toBe('failed');
    expect(await wardenOf(service.pid, 0)).toBe(warden);
  });

  it('ends a service that does not handle it, and the helpers with it', async () => {
    const options = [{ simulate: 'hang-nvml-init', deadlineMs: 60_000 }];
    const service = startService('isolation/services/ask.mjs', { detached: true, given: { options } });
    const warden = await wardenOf(service.pid, 1);
    process.kill(-service.pid, 'SIGINT');
    expect((await service.ended).signal).toBe('SIGINT');
    expect(await eventually(() => runningIn(warden).length === 0)).toBe(true);
  });
});

describe('cluster', () => {
  it('has a warden for each worker; one that is killed takes its own along and no other', async () => {
    const service = startService('isolation/services/cluster.mjs');
    expect(JSON.parse(await service.line())).toEqual(['ok', 'ok']);
    const [first, second] = JSON.parse(await service.line()) as [number, number];
    const wardens = [await wardenOf(first, 1), await wardenOf(second, 1)] as const;
    process.kill(first, 'SIGKILL');
    expect(await eventually(() => runningIn(wardens[0]).length === 0)).toBe(true);
    service.tell();
    expect(await service.line()).toBe('ok');
    expect(childrenOf(second).map((child) => child.pid)).toEqual([wardens[1]]);
  });
});
