// An answer that comes after the worker that asked has ended. Freed memory is filled with noise, so that whatever still
// uses it does not work by chance.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/cli.js';
import { childrenOf, eventually } from '../support/processes.js';
import { startService } from '../support/service.js';

const SERVICE = `
  import { Worker } from 'node:worker_threads';
  import { once } from 'node:events';
  import { probe } from '${packageRoot}/dist/index.js';
  const hang = { simulate: 'hang-nvml-init', checks: ['nvml'], deadlineMs: 700, hardDeadlineMs: 1400 };
  const code = (options) => \`import('${packageRoot}/dist/index.js').then(async ({ probe }) => {
    const { parentPort } = await import('node:worker_threads');
    probe(\${JSON.stringify(options)});
    setTimeout(() => parentPort.postMessage('asked'), 50);
  })\`;
  // This environment stays, and so does the warden.
  await probe({ simulate: 'healthy' });
  const workers = Array.from({ length: 4 }, () => new Worker(code(hang), { eval: true }));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  await Promise.all(workers.map((worker) => worker.terminate()));
  // Of another machine, so that it waits for nobody; longer than what was asked before.
  await probe({ simulate: 'hang-cuda-context', checks: ['cuda'], deadlineMs: 1500, hardDeadlineMs: 3000 });
  process.stdout.write((await probe({ simulate: 'healthy' })).verdict);
`;

describe('an environment that is torn down', () => {
  it('gets no answer any more, and the service goes on', async () => {
    const service = spawn(process.execPath, ['--input-type=module', '-e', SERVICE], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, MALLOC_PERTURB_: '90' },
    });
    let output = '';
    service.stdout.on('data', (text: Buffer) => {
      output += text;
    });
    const [status, signal] = await once(service, 'close');
    expect({ status, signal, output }).toEqual({ status: 0, signal: null, output: 'ok' });
  });

  it('was the only one to have loaded the addon, whose thread goes on in it', async () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      import { setTimeout } from 'node:timers/promises';
      const asking = "import('" + process.argv[1] + "/dist/index.js').then(async ({ probe }) => {" +
        "const { parentPort } = await import('node:worker_threads');" +
        "probe({ simulate: 'hang-nvml-init', isolation: 'thread', checks: ['nvml'], deadlineMs: 1000 });" +
        "setTimeout(() => parentPort.postMessage('asked'), 100) })";
      const worker = new Worker(asking, { eval: true });
      await once(worker, 'message');
      await worker.terminate();
      // The deadline of what was asked wakes the thread, if its code is still there.
      await setTimeout(1500);
      say('still here');
    `;
    const { signal, output } = await startService(script, { args: [packageRoot] }).ended;
    expect({ signal, output }).toEqual({ signal: null, output: 'still here\n' });
  });

  it('was the last: the warden ends with it and is reaped, and the next has another', async () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      const asking = "import('" + process.argv[1] + "/dist/index.js').then(async ({ probe }) => {" +
        "const { verdict } = await probe({ simulate: 'healthy' });" +
        "(await import('node:worker_threads')).parentPort.postMessage(verdict);" +
        "setInterval(() => {}, 1000) })";
      for (;;) {
        const worker = new Worker(asking, { eval: true });
        say((await once(worker, 'message'))[0]);
        await told();
        await worker.terminate();
        say('terminated');
        await told();
      }
    `;
    const service = startService(script, { args: [packageRoot] });
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
