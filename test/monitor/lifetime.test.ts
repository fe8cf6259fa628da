import { describe, expect, it } from 'vitest';
import { eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

describe('a process', () => {
  it.each([
    ['of a monitor that nobody asks', 'unasked'],
    ['of one whose driver hangs', 'hanging'],
    ['with listeners', 'listening'],
    ['of one that was closed', 'closed'],
    ['of a real machine', 'real machine'],
    ['of one thread', 'thread'],
  ])('that has nothing else to do ends: %s', async (_, given) => {
    const { status, errors } = await startService('monitor/services/nothing-to-do.mjs', { given }).ended;
    expect({ status, errors }).toEqual({ status: 0, errors: '' });
  });

  it('stays for a check() that is waited for, until it settles, and no longer', async () => {
    const service = startService('monitor/services/check-hangs.mjs');
    expect(await service.line()).toBe('failed');
    expect((await service.ended).status).toBe(0);
  });

  it('settles every promise when the monitor is closed under a driver that hangs', async () => {
    const service = startService('monitor/services/closed-hangs.mjs');
    expect(JSON.parse(await service.line())).toEqual(['ERR_GPUPROBE_CLOSED']);
    expect((await service.ended).status).toBe(0);
  });

  it('has no process that waits for events once the worker that wanted it has ended', async () => {
    const service = startService('monitor/services/events-of-worker.mjs');
    await service.line();
    const warden = await wardenOf(service.pid, 1);
    const listens = () => runningIn(warden).some(({ name }) => name === 'gpuprobe-events');
    expect(await eventually(listens)).toBe(true);
    service.tell();
    await service.line();
    expect(await eventually(() => !listens())).toBe(true);
    service.tell();
    expect((await service.ended).status).toBe(0);
  });

  it('has no process that waits for events after close(), and none of any kind after its end', async () => {
    const service = startService('monitor/services/events.mjs');
    await service.line();
    const warden = await wardenOf(service.pid, 1);
    const names = () => runningIn(warden).map(({ name }) => name);
    expect(await eventually(() => names().includes('gpuprobe-events'))).toBe(true);
    service.tell();
    await service.line();
    expect(await eventually(() => !names().includes('gpuprobe-events'))).toBe(true);
    service.tell();
    await service.ended;
    expect(await eventually(() => names().length === 0)).toBe(true);
  });
});
