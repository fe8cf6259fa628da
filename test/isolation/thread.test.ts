import { describe, expect, it } from 'vitest';
import { childrenOf, threadsOf } from '../support/processes.js';
import { startService } from '../support/service.js';

const HANG = { simulate: 'hang-nvml-init', isolation: 'thread', deadlineMs: 300 };

describe("isolation 'thread', with a call that does not return", () => {
  it('abandons that one call, and sends no other thread after it', async () => {
    const service = startService('isolation/services/thread-stuck.mjs', { given: HANG });
    expect(await service.line()).toBe('1');
    expect(await service.line()).toBe('50');
    const ours = threadsOf(service.pid).filter((name) => name.startsWith('gpuprobe'));
    expect(ours.sort()).toEqual(['gpuprobe-io', 'gpuprobe-probe']);
    expect(childrenOf(service.pid)).toEqual([]);
  });

  it("leaves libuv's pool alone: with a pool of one, a file is read beside it", async () => {
    const env = { UV_THREADPOOL_SIZE: '1' };
    const service = startService('isolation/services/thread-pool.mjs', { given: HANG, env });
    expect(await service.line()).toBe('true');
    expect((await service.ended).status).toBe(7);
  });

  it('outlives the worker that made it, and is stuck for all others', async () => {
    const service = startService('isolation/services/thread-worker.mjs', { given: HANG });
    expect(await service.line()).toBe('true');
    expect(await service.ended).toMatchObject({ status: 0, signal: null });
  });
});
