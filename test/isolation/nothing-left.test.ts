// In a container whose PID 1 reaps nothing: what is not reaped by whoever started it stays for good.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliPath } from '../support/cli.js';
import { type Containers, createContainers } from '../support/container.js';

const allowed = process.getuid?.() === 0;
if (!allowed) {
  if (process.env.CI === 'true') throw new Error('a pid namespace needs root');
  process.stderr.write('SKIPPED: what is left in a container was not tried: a pid namespace needs root\n');
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const SERVICE = here('services/ending.mjs');
const CLI = cliPath();
const HANG = ['--sim', 'hang-nvml-init', '--checks', 'nvml', '--deadline'];

describe.skipIf(!allowed)('where PID 1 reaps nothing', () => {
  let containers: Containers;
  beforeAll(() => {
    containers = createContainers();
  });
  afterAll(() => containers.remove());

  it.each([
    ['a healthy driver', 0, ['--sim', 'healthy', '--json']],
    ['a driver that hangs', 1, [...HANG, '200']],
    ['a driver that deadlocks at exit', 0, ['--sim', 'exit-deadlock']],
  ])('five one-shot runs leave nothing: %s', async (_, status, words) => {
    expect(await containers.start(5, [CLI, ...words]).said).toEqual(Array(5).fill(`status ${status}`));
  });

  it.each([
    ['SIGTERM', 15],
    ['SIGINT', 2],
    ['SIGHUP', 1],
  ] as const)('%s leaves nothing of a one-shot run, which dies by it', async (signal, number) => {
    const container = containers.start(1, [CLI, ...HANG, '60000']);
    process.kill(await container.busy(), signal);
    expect(await container.said).toEqual([`signal ${number}`]);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s leaves nothing of a watch', async (signal) => {
    const container = containers.start(1, [CLI, 'watch', '--sim', 'healthy']);
    process.kill(await container.busy(), signal);
    // By the last verdict, which it may not have yet.
    expect((await container.said).join()).toMatch(/^status [03]$/);
  });

  it('a second signal, too, leaves nothing of a watch', async () => {
    const container = containers.start(1, [CLI, 'watch', '--sim', 'healthy']);
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
    expect(await containers.start(1, [SERVICE, how]).said).toEqual([ended]);
  });

  it.each(['EPERM', 'ENOSYS'])('where pidfds are refused (%s) a service leaves nothing', async (refusal) => {
    const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-sandbox-'));
    const launcher = join(folder, 'sandbox');
    const flags = ['-Wall', '-Wextra', '-Werror'];
    execFileSync('cc', [...flags, '-o', launcher, here('sandbox.c')], { stdio: 'pipe' });
    const through = [launcher, refusal];
    const said = await containers.start(1, [SERVICE, 'exit'], { through }).said;
    rmSync(folder, { recursive: true });
    expect(said).toEqual(['status 7']);
  });
});
