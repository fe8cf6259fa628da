import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childrenOf, eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

/** Whoever reaps any child takes the warden's end from the addon, and frees its pid for another process. */
describe('other code of the service', () => {
  let folder: string;
  let library: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-reaper-'));
    library = join(folder, 'reaper.so');
    const source = fileURLToPath(new URL('reaper.c', import.meta.url));
    const flags = ['-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-pthread'];
    execFileSync('cc', [...flags, '-o', library, source], { stdio: 'pipe' });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['waits for any child', 'wait'],
    ['has SIGCHLD ignored', 'ignore'],
  ])('%s: a killed warden is a coded error, and is replaced', async (_, mode) => {
    const round = [{ simulate: 'healthy' }, { simulate: 'hang-nvml-init', deadlineMs: 60_000 }];
    const given = { options: [...round, ...round, ...round], stay: true };
    const service = startService('isolation/services/ask.mjs', {
      given,
      env: { LD_PRELOAD: library, REAPER: mode },
    });
    for (let round = 0; round < 3; round++) {
      expect(await service.line()).toBe('ok');
      const warden = await wardenOf(service.pid, 1);
      // The second is the one that does not return: an answer is awaited from there on.
      const telemetry = () => runningIn(warden).filter(({ name }) => name === 'gpuprobe-nvml');
      expect(await eventually(() => telemetry().length === 2)).toBe(true);
      process.kill(warden, 'SIGKILL');
      expect(await service.line()).toBe('ERR_GPUPROBE_WARDEN_LOST');
    }
    expect(await eventually(() => childrenOf(service.pid).length === 0)).toBe(true);
  });
});
