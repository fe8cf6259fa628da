// An answer that comes after the worker that asked has ended. Freed memory is filled with noise, so that whatever still
// uses it does not work by chance.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/cli.js';

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
});
