import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/cli.js';
import { eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

const create = (options: string) => `
  const gpu = createGpuProbe({ logger: false, ${options} });
`;

describe('a process', () => {
  it.each([
    ['of a monitor that nobody asks', "simulate: 'idle'", ''],
    [
      'of one whose driver hangs',
      "simulate: 'hang-nvml-init', deadlineMs: 3_600_000",
      'await new Promise((resolve) => setTimeout(resolve, 200));',
    ],
    ['with listeners', "simulate: 'idle'", "gpu.on('verdict', () => {}); gpu.on('xid', () => {});"],
    ['of one that was closed', "simulate: 'idle'", 'await gpu.check(); await gpu.close();'],
    ['of a real machine', '', ''],
    ['of one thread', "simulate: 'idle', isolation: 'thread'", 'await gpu.check();'],
  ])('that has nothing else to do ends: %s', async (_, options, then) => {
    const { status, errors } = await startService(`${create(options)}${then}`).ended;
    expect({ status, errors }).toEqual({ status: 0, errors: '' });
  });

  it('stays for a check() that is waited for, until it settles, and no longer', async () => {
    const service = startService(`${create("simulate: 'hang-nvml-read', deadlineMs: 1000")}
      gpu.check().then(({ verdict }) => say(verdict));`);
    expect(await service.line()).toBe('failed');
    expect((await service.ended).status).toBe(0);
  });

  it('settles every promise when the monitor is closed under a driver that hangs', async () => {
    const service = startService(`${create("simulate: 'hang-nvml-read', deadlineMs: 60000")}
      const all = Promise.all(Array.from({ length: 100 }, () => coded(gpu.check())));
      await new Promise((resolve) => setTimeout(resolve, 100));
      await gpu.close();
      say([...new Set(await all)]);`);
    expect(JSON.parse(await service.line())).toEqual(['ERR_GPUPROBE_CLOSED']);
    expect((await service.ended).status).toBe(0);
  });

  it('has no process that waits for events once the worker that wanted it has ended', async () => {
    const service = startService(`
      const { Worker } = await import('node:worker_threads');
      const words = \`import { parentPort } from 'node:worker_threads';
        import { createGpuProbe } from '${packageRoot}/dist/index.js';
        const gpu = createGpuProbe({ simulate: 'idle', intervalMs: 20, logger: false });
        await gpu.check();
        setInterval(() => gpu.latest().report?.xids && parentPort.postMessage('listens'), 20);\`;
      const worker = new Worker(words, { eval: true });
      await new Promise((resolve) => worker.once('message', resolve));
      say('listens'); await told();
      await worker.terminate();
      say('terminated'); await told();`);
    await service.line();
    const warden = await wardenOf(service.pid, 1);
    const listens = () => runningIn(warden).some(({ name }) => name === 'gpuprobe-events');
    expect(listens()).toBe(true);
    service.tell();
    await service.line();
    expect(await eventually(() => !listens())).toBe(true);
    service.tell();
    expect((await service.ended).status).toBe(0);
  });

  it('has no process that waits for events after close(), and none of any kind after its end', async () => {
    const service = startService(`${create("simulate: 'idle', intervalMs: 20")}
      await gpu.check();
      await new Promise((resolve) => setTimeout(resolve, 200));
      say('listens'); await told();
      await gpu.close();
      await new Promise((resolve) => setTimeout(resolve, 200));
      say('closed'); await told();`);
    await service.line();
    const warden = await wardenOf(service.pid, 1);
    const names = () => runningIn(warden).map(({ name }) => name);
    expect(names()).toContain('gpuprobe-events');
    service.tell();
    await service.line();
    expect(names()).not.toContain('gpuprobe-events');
    service.tell();
    await service.ended;
    expect(await eventually(() => names().length === 0)).toBe(true);
  });
});
