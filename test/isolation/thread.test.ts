import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/cli.js';
import { childrenOf, threadsOf } from '../support/processes.js';
import { startService } from '../support/service.js';

const HANG = `{ simulate: 'hang-nvml-init', isolation: 'thread', deadlineMs: 300 }`;

describe("isolation 'thread', with a call that does not return", () => {
  it('abandons that one call, and sends no other thread after it', async () => {
    const script = `
      const names = (report) => report.checks.map((row) => row.name);
      const first = await probe(${HANG});
      say(first.checks.filter((row) => row.outcome === 'timeout').length);
      const others = await Promise.all(Array.from({ length: 50 }, () => probe(${HANG})));
      say(others.filter((report) => names(report).includes('PROBE_STUCK')).length);
      await told();
    `;
    const service = startService(script);
    expect(await service.line()).toBe('1');
    expect(await service.line()).toBe('50');
    const ours = threadsOf(service.pid).filter((name) => name.startsWith('gpuprobe'));
    expect(ours.sort()).toEqual(['gpuprobe-io', 'gpuprobe-probe']);
    expect(childrenOf(service.pid)).toEqual([]);
  });

  it("leaves libuv's pool alone: with a pool of one, a file is read beside it", async () => {
    const script = `
      import { readFile } from 'node:fs/promises';
      const inFlight = probe({ ...${HANG}, deadlineMs: 60000 });
      await Promise.race([inFlight, new Promise((resolve) => setTimeout(resolve, 200))]);
      say((await readFile('/proc/self/comm', 'utf8')).length > 0);
      process.exit(7);
    `;
    const service = startService(script, { env: { UV_THREADPOOL_SIZE: '1' } });
    expect(await service.line()).toBe('true');
    expect((await service.ended).status).toBe(7);
  });

  it('outlives the worker that made it, and is stuck for all others', async () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      const probing = \`
        import('node:worker_threads').then(async ({ parentPort }) => {
          const { probe } = await import('${packageRoot}/dist/index.js');
          await probe(${HANG});
          probe({ ...${HANG}, deadlineMs: 60000 });
          parentPort.postMessage('probing');
        });
      \`;
      const worker = new Worker(probing, { eval: true });
      await once(worker, 'message');
      await worker.terminate();
      const report = await probe(${HANG});
      say(report.checks.some((row) => row.name === 'PROBE_STUCK'));
    `;
    const service = startService(script);
    expect(await service.line()).toBe('true');
    expect(await service.ended).toMatchObject({ status: 0, signal: null });
  });
});
