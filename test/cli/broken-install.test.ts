import { chmodSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpuprobe } from '../support/cli.js';
import { copyPackage } from '../support/copy.js';

describe('an installation that is broken', () => {
  let root: string;
  beforeAll(() => {
    root = copyPackage();
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const warden = () => join(root, 'build/Release/gpuprobe-warden');

  it('works as copied', async () => {
    expect((await gpuprobe(['--sim', 'healthy'], { root })).status).toBe(0);
  });

  it('a warden that lost its x bit: exit 3, the path, and the remedy', async () => {
    chmodSync(warden(), 0o644);
    const result = await gpuprobe(['--sim', 'healthy'], { root });
    chmodSync(warden(), 0o755);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain(warden());
    expect(result.stderr).toMatch(/EACCES.*x bit/s);
  });

  it('a missing warden: exit 3, what was looked for, and how to get it; thread mode does without', async () => {
    const kept = `${warden()}.kept`;
    cpSync(warden(), kept);
    rmSync(warden());
    const result = await gpuprobe(['--sim', 'healthy'], { root });
    const thread = await gpuprobe(['--sim', 'healthy', '--isolation', 'thread'], { root });
    cpSync(kept, warden());
    expect(result.status).toBe(3);
    expect(result.stderr).toMatch(/gpuprobe-warden.*ENOENT.*npm run build/s);
    expect(thread.status).toBe(0);
  });

  it('a missing simulator: exit 3, and where it should be', async () => {
    const library = join(root, 'build/Release/sim/libnvidia-ml.so.1');
    const kept = join(root, 'kept');
    cpSync(library, kept);
    rmSync(library);
    const result = await gpuprobe(['--sim', 'healthy'], { root });
    cpSync(kept, library);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain(join(root, 'build/Release/sim'));
  });

  it('a missing addon: exit 3, what was looked for, and how to get it', async () => {
    rmSync(join(root, 'build/Release/gpuprobe.node'));
    const result = await gpuprobe(['--sim', 'healthy'], { root });
    expect(result.status).toBe(3);
    expect(result.stderr).toMatch(/addon.*npm run build/s);
    expect(result.stderr).toContain(root);
    expect(result.stdout).toBe('');
  });
});
