import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyPackage } from '../support/copy.js';
import { childrenOf, eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

/** npm installs a package as often as there are versions asked for, and bundlers and test runners load it anew. */
describe('two copies of the package in one process', () => {
  let roots: [string, string];
  beforeEach(() => {
    roots = [copyPackage(), copyPackage()];
  });
  afterEach(() => {
    for (const root of roots) rmSync(root, { recursive: true });
  });

  const wardens = (pid: number) => childrenOf(pid).filter(({ name }) => name === 'gpuprobe-warden');

  it('share a warden, and the count of those stuck in a library', async () => {
    const fifo = join(roots[0], 'fifo');
    execFileSync('mkfifo', [fifo]);
    const driver = join(roots[0], 'libnvidia-ml.so.1');
    const source = fileURLToPath(new URL('blocking_driver.c', import.meta.url));
    const flags = ['-shared', '-fPIC', `-DBLOCKING_FILE="${fifo}"`];
    execFileSync('cc', ['-Wall', '-Wextra', '-Werror', ...flags, '-o', driver, source], { stdio: 'pipe' });
    const service = startService('isolation/services/copies-stuck.mjs', {
      root: roots[0],
      given: { other: roots[1], libraryPath: roots[0] },
    });
    expect(JSON.parse(await service.line())).toEqual(['timeout', 'timeout', 'PROBE_STUCK']);
    expect(wardens(service.pid)).toHaveLength(1);
  });

  it('go on with one another as the environment of the first ends', async () => {
    const service = startService('isolation/services/copies-in-turn.mjs', {
      root: roots[1],
      given: { other: roots[0] },
    });
    expect(JSON.parse(await service.line())).toEqual(['ok', 'ok']);
    const warden = await wardenOf(service.pid, 1);
    expect(wardens(service.pid)).toHaveLength(1);
    service.tell();
    expect((await service.ended).status).toBe(0);
    expect(await eventually(() => runningIn(warden).length === 0)).toBe(true);
  });

  it('that speak another language have a warden each', async () => {
    const addon = join(roots[0], 'build/Release/gpuprobe.node');
    // What a later version would call what it shares.
    const bytes = readFileSync(addon).toString('latin1');
    writeFileSync(
      addon,
      Buffer.from(bytes.replaceAll('gpuprobe_shared_hub', 'gpuprobe_shared_hut'), 'latin1'),
    );
    const service = startService('isolation/services/copies-apart.mjs', {
      root: roots[0],
      given: { other: roots[1] },
    });
    expect(JSON.parse(await service.line())).toEqual(['ok', 'ok']);
    expect(wardens(service.pid)).toHaveLength(2);
  });

  it('and one that is loaded twice: both environments are answered', async () => {
    const service = startService('isolation/services/addon-twice.mjs', { root: roots[0] });
    expect(await service.line()).toBe('ok');
    expect(await service.line()).toBe('heard');
    expect(wardens(service.pid)).toHaveLength(1);
  });
});

describe('a package that is evaluated twice in one process', () => {
  it('keeps its warden: each copy hears the answers to its own questions', async () => {
    const service = startService('isolation/services/evaluated-twice.mjs');
    const verdicts = JSON.parse(await service.line());
    const warden = await wardenOf(service.pid, 0);
    expect(JSON.parse(await service.line())).toEqual(verdicts);
    expect(await wardenOf(service.pid, 0)).toBe(warden);
  });
});
