import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyPackage } from '../support/copy.js';
import { childrenOf, eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

/** A probe that never returns and is lost with the warden, then another. */
const LOST_AND_AGAIN = {
  options: [{ simulate: 'hang-nvml-init', deadlineMs: 60_000 }, { simulate: 'healthy' }],
  stay: true,
};

describe('a warden that ends again and again', () => {
  let root: string;
  beforeAll(() => {
    root = copyPackage();
    rmSync(join(root, 'build/Release/gpuprobe-warden'));
    copyFileSync('/bin/false', join(root, 'build/Release/gpuprobe-warden'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('is started anew at once, then after a pause, then after a longer one', async () => {
    const service = startService('isolation/services/warden-fails.mjs', { root });
    const { codes, pauses } = JSON.parse(await service.line()) as {
      codes: string[];
      pauses: { retryAfterMs: number; sinceAskedMs: number }[];
    };
    const [lost, backoff] = ['ERR_GPUPROBE_WARDEN_LOST', 'ERR_GPUPROBE_WARDEN_BACKOFF'];
    expect(codes).toEqual([lost, lost, lost, lost, backoff, lost, backoff]);
    for (const [i, wholeMs] of [1000, 2000].entries()) {
      const { retryAfterMs = 0, sinceAskedMs = 0 } = pauses[i] ?? {};
      expect(retryAfterMs).toBeLessThanOrEqual(wholeMs);
      // What is over of the pause was over after the probe was asked with which the warden was lost.
      expect(retryAfterMs + sinceAskedMs).toBeGreaterThanOrEqual(wholeMs);
    }
  });
});

describe('a warden whose file is changed under a running service', () => {
  let root: string;
  const warden = () => join(root, 'build/Release/gpuprobe-warden');
  beforeEach(() => {
    root = copyPackage();
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it.each([
    ['removed', () => {}],
    ['replaced', () => writeFileSync(warden(), 'not a program', { mode: 0o755 })],
  ])('%s: the one that belongs to the loaded addon is started', async (_, replace) => {
    const service = startService('isolation/services/again.mjs', { root });
    expect(await service.line()).toBe('ok');
    const first = await wardenOf(service.pid, 1);
    rmSync(warden());
    replace();
    process.kill(first, 'SIGKILL');
    expect(await eventually(() => childrenOf(service.pid).length === 0)).toBe(true);
    service.tell();
    expect(await service.line()).toBe('ok');
    expect(await wardenOf(service.pid, 1)).not.toBe(first);
  });
});

describe('where the kernel or a sandbox refuses pidfds', () => {
  let folder: string;
  let launcher: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-sandbox-'));
    launcher = join(folder, 'sandbox');
    const source = fileURLToPath(new URL('sandbox.c', import.meta.url));
    execFileSync('cc', ['-Wall', '-Wextra', '-Werror', '-o', launcher, source], { stdio: 'pipe' });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(['EPERM', 'ENOSYS'])('%s: a killed warden is reaped and replaced all the same', async (refusal) => {
    const service = startService('isolation/services/ask.mjs', {
      through: [launcher, refusal],
      given: LOST_AND_AGAIN,
    });
    const first = await wardenOf(service.pid, 1);
    process.kill(first, 'SIGKILL');
    expect(await service.line()).toBe('ERR_GPUPROBE_WARDEN_LOST');
    expect(await service.line()).toBe('ok');
    expect(childrenOf(service.pid).map((child) => child.name)).toEqual(['gpuprobe-warden']);
  });
});

describe('a service that is PID 1', () => {
  const allowed = process.getuid?.() === 0;
  if (!allowed) {
    if (process.env.CI === 'true') throw new Error('a pid namespace needs root');
    process.stderr.write('SKIPPED: a service as PID 1 was not tried: a pid namespace needs root\n');
  }

  it.skipIf(!allowed)('reaps what a killed warden leaves behind', async () => {
    const namespace = ['unshare', '--fork', '--pid', '--mount-proc', '--kill-child'];
    const outer = startService('isolation/services/ask.mjs', {
      through: namespace,
      given: LOST_AND_AGAIN,
    });
    let inner = 0;
    await eventually(() => {
      inner = childrenOf(outer.pid)[0]?.pid ?? 0;
      return inner !== 0;
    });
    const first = await wardenOf(inner, 1);
    const left = runningIn(first).length;
    expect(left).toBeGreaterThan(1);
    process.kill(first, 'SIGKILL');
    expect(await outer.line()).toBe('ERR_GPUPROBE_WARDEN_LOST');
    expect(await outer.line()).toBe('ok');
    const names = () => childrenOf(inner).map((child) => child.name);
    expect(await eventually(() => names().join() === 'gpuprobe-warden')).toBe(true);
  });
});

describe('a child that is killed, and not by the warden', () => {
  it('is not probed, and no crash of the driver', async () => {
    const service = startService('isolation/services/killed-child.mjs');
    const warden = await wardenOf(service.pid, 1);
    // As the out-of-memory killer does, each time one is inside the driver.
    const inside = () => runningIn(warden).filter((child) => child.name === 'gpuprobe-nvml');
    expect(await eventually(() => inside().length > 0)).toBe(true);
    for (const child of inside()) process.kill(child.pid, 'SIGKILL');
    const fresh = () => runningIn(warden).filter((child) => child.name === 'gpuprobe-fresh');
    expect(await eventually(() => fresh().length > 0)).toBe(true);
    for (const child of fresh()) process.kill(child.pid, 'SIGKILL');
    const rows = JSON.parse(await service.line()) as { outcome: string; code: number | null }[];
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toMatchObject({ outcome: 'not-probed', code: null });
    expect(await service.line()).not.toMatch('driver-crashed');
  });
});
