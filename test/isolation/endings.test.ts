import { describe, expect, it } from 'vitest';
import { eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';
import { testEndings } from './endings.js';

describe('this Node', () => testEndings(process.execPath));

describe('a library that deadlocks as it is unloaded or at exit', () => {
  it('does not hold up a service, nor do its helpers stay', async () => {
    const service = startService('isolation/services/exit-deadlock.mjs', { given: { isolation: 'process' } });
    expect(await service.line()).toBe('ok');
    const warden = await wardenOf(service.pid, 1);
    service.tell();
    expect((await service.ended).status).toBe(7);
    expect(await eventually(() => runningIn(warden).length === 0)).toBe(true);
  });

  it('in thread mode holds up process.exit(), as README says, and SIGKILL still ends it', async () => {
    const service = startService('isolation/services/exit-deadlock.mjs', { given: { isolation: 'thread' } });
    await service.line();
    service.tell();
    expect(await service.line()).toBe('leaving');
    service.kill('SIGKILL');
    expect(await service.ended).toMatchObject({ status: null, signal: 'SIGKILL' });
  });
});
