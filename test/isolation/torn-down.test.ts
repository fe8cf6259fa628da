// An answer that comes after the worker that asked has ended. Freed memory is filled with noise, so that whatever still
// uses it does not work by chance.
import { describe, expect, it } from 'vitest';
import { childrenOf, eventually } from '../support/processes.js';
import { startService } from '../support/service.js';

describe('an environment that is torn down', () => {
  it('gets no answer any more, and the service goes on', async () => {
    const service = startService('isolation/services/torn-down.mjs', { env: { MALLOC_PERTURB_: '90' } });
    expect(await service.ended).toMatchObject({ status: 0, signal: null, output: 'ok\n', errors: '' });
  });

  it('was the only one to have loaded the addon, whose thread goes on in it', async () => {
    const service = startService('isolation/services/only-worker.mjs');
    const { signal, output } = await service.ended;
    expect({ signal, output }).toEqual({ signal: null, output: 'still here\n' });
  });

  it('was the last: the warden ends with it and is reaped, and the next has another', async () => {
    const service = startService('isolation/services/last-worker.mjs');
    // More often than a warden that fails is started again at once.
    for (let round = 0; round < 5; round++) {
      expect(await service.line()).toBe('ok');
      expect(childrenOf(service.pid).map(({ name }) => name)).toEqual(['gpuprobe-warden']);
      service.tell();
      expect(await service.line()).toBe('terminated');
      expect(await eventually(() => childrenOf(service.pid).length === 0)).toBe(true);
      service.tell();
    }
  });
});
