// In a container whose PID 1 reaps nothing: what is not reaped by whoever started it stays for good.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../support/cli.js';
import { childrenOf, eventually, wardenOf } from '../support/processes.js';

const allowed = process.getuid?.() === 0;
if (!allowed) {
  if (process.env.CI === 'true') throw new Error('a pid namespace needs root');
  process.stderr.write('SKIPPED: what is left in a container was not tried: a pid namespace needs root\n');
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const CLI = `${packageRoot}/dist/surfaces/cli/main.js`;
const HANG = ['--sim', 'hang-nvml-init', '--checks', 'nvml', '--deadline'];

describe.skipIf(!allowed)('where PID 1 reaps nothing', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-pid-one-'));
    const flags = ['-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror'];
    execFileSync('cc', [...flags, '-o', join(folder, 'pid_one'), here('pid_one.c')], { stdio: 'pipe' });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Starts Node so many times in a row in a container; what PID 1 says in the end. */
  function contain(runs: number, ...words: string[]) {
    const namespace = ['--fork', '--pid', '--mount-proc', '--kill-child'];
    const program = [join(folder, 'pid_one'), String(runs), process.execPath, ...words];
    const outer = spawn('unshare', [...namespace, ...program], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    outer.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const said = once(outer, 'close').then(() =>
      output.split('\n').filter((line) => /^(status|signal|left) /.test(line)),
    );
    /** The program, once it has a warden that has children. */
    const busy = async () => {
      let found: number | undefined;
      const child = (of: number | undefined) => (of === undefined ? undefined : childrenOf(of)[0]?.pid);
      await eventually(() => {
        found = child(child(outer.pid));
        return found !== undefined && childrenOf(found).some(({ name }) => name === 'gpuprobe-warden');
      });
      await wardenOf(found as number, 1);
      return found as number;
    };
    return { said, busy };
  }

  it.each([
    ['a healthy driver', 0, ['--sim', 'healthy', '--json']],
    ['a driver that hangs', 1, [...HANG, '200']],
    ['a driver that deadlocks at exit', 0, ['--sim', 'exit-deadlock']],
  ])('five one-shot runs leave nothing: %s', async (_, status, words) => {
    expect(await contain(5, CLI, ...words).said).toEqual(Array(5).fill(`status ${status}`));
  });

  it.each([
    ['SIGTERM', 15],
    ['SIGINT', 2],
    ['SIGHUP', 1],
  ] as const)('%s leaves nothing of a one-shot run, which dies by it', async (signal, number) => {
    const container = contain(1, CLI, ...HANG, '60000');
    process.kill(await container.busy(), signal);
    expect(await container.said).toEqual([`signal ${number}`]);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s leaves nothing of a watch', async (signal) => {
    const container = contain(1, CLI, 'watch', '--sim', 'healthy');
    process.kill(await container.busy(), signal);
    // By the last verdict, which it may not have yet.
    expect((await container.said).join()).toMatch(/^status [03]$/);
  });

  it('a second signal, too, leaves nothing of a watch', async () => {
    const container = contain(1, CLI, 'watch', '--sim', 'healthy');
    const pid = await container.busy();
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    expect((await container.said).join()).toMatch(/^(status [03]|signal 15)$/);
  });

  it.each([
    ['process.exit()', 'exit', 'status 7'],
    ['an uncaught error', 'throw', 'status 1'],
    ['the natural end', 'natural', 'status 0'],
    ['the end of the only worker that asked', 'worker', 'signal 9'],
  ])('%s leaves nothing of a service', async (_, how, ended) => {
    expect(await contain(1, here('ending_service.mjs'), how).said).toEqual([ended]);
  });
});
