import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../support/cli.js';
import { childrenOf, eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

describe('Ctrl-C, which is for the whole process group', () => {
  it('is for the service: one that goes on keeps its warden and its answer', async () => {
    const script = `
      process.on('SIGINT', () => say('interrupted'));
      const report = await probe({ simulate: 'hang-nvml-init', deadlineMs: 1500, checks: ['nvml'] });
      say(report.verdict);
      await told();
    `;
    const service = startService(script, { detached: true });
    const warden = await wardenOf(service.pid, 1);
    process.kill(-service.pid, 'SIGINT');
    expect(await service.line()).toBe('interrupted');
    expect(await service.line()).toBe('failed');
    expect(await wardenOf(service.pid, 0)).toBe(warden);
  });

  it('ends a service that does not handle it, and the helpers with it', async () => {
    const script = `await probe({ simulate: 'hang-nvml-init', deadlineMs: 60000 });`;
    const service = startService(script, { detached: true });
    const warden = await wardenOf(service.pid, 1);
    process.kill(-service.pid, 'SIGINT');
    expect((await service.ended).signal).toBe('SIGINT');
    expect(await eventually(() => runningIn(warden).length === 0)).toBe(true);
  });
});

describe('cluster', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-cluster-'));
    const worker = `
      import { probe } from '${packageRoot}/dist/index.js';
      for (;;) {
        process.send('ready');
        await new Promise((resolve) => process.once('message', resolve));
        process.send((await probe({ simulate: 'healthy' })).verdict);
      }
    `;
    writeFileSync(join(folder, 'worker.mjs'), worker);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has a warden for each worker; one that is killed takes its own along and no other', async () => {
    const script = `
      import cluster from 'node:cluster';
      import { once } from 'node:events';
      cluster.setupPrimary({ exec: '${join(folder, 'worker.mjs')}', execArgv: [] });
      const workers = [cluster.fork(), cluster.fork()];
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      const ask = async (worker) => {
        const answer = once(worker, 'message');
        worker.send('probe');
        return (await answer)[0];
      };
      say(await Promise.all(workers.map(ask)));
      say(workers.map((worker) => worker.process.pid));
      await told();
      say(await ask(workers[1]));
      await told();
    `;
    const service = startService(script);
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
