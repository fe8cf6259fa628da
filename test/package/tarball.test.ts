import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { packageRoot } from '../support/cli.js';

const packed = inject('packed');
const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-tarball-'));
afterAll(() => rmSync(folder, { recursive: true }));

const tracked = (...paths: string[]) =>
  execFileSync('git', ['ls-files', '-z', '--', ...paths], { cwd: packageRoot, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);

/** Every source's types; the code is bundled into few files. */
const types = tracked('lib')
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replace(/^lib\//, 'dist/').replace(/\.ts$/, '.d.ts'));
const isCode = (path: string) => /^dist\/(chunks\/)?[\w-]+\.js(\.map)?$/.test(path);
const MOST_FILES_OF_CODE = 40;
const prebuilt = packed.architectures.flatMap((arch) =>
  ['gpuprobe-warden', 'gpuprobe.glibc.node', 'sim/libcuda.so.1', 'sim/libnvidia-ml.so.1'].map(
    (name) => `prebuilds/linux-${arch}/${name}`,
  ),
);

describe('the tarball', () => {
  it('holds these files and no others', () => {
    const expected = [
      ...['ARCHITECTURE.md', 'CHANGELOG.md', 'FINDINGS.md', 'GUIDE.md', 'LICENSE', 'README.md'],
      'package.json',
      'dist/report.schema.json',
      ...types,
      'dist/driver-functions.json',
      ...tracked('native/sim/scenarios', 'native/sim/presets'),
      ...prebuilt,
    ];
    const paths = packed.files.map(({ path }) => path);
    expect(paths.filter((path) => !isCode(path)).sort()).toEqual(expected.sort());
    const code = paths.filter((path) => isCode(path) && path.endsWith('.js'));
    expect(code).toEqual(expect.arrayContaining(['dist/index.js', 'dist/cli.js']));
    expect(code.length).toBeLessThan(MOST_FILES_OF_CODE);
  });

  it('keeps the x bit of the warden', () => {
    for (const arch of packed.architectures) {
      const warden = packed.files.find(({ path }) => path === `prebuilds/linux-${arch}/gpuprobe-warden`);
      expect((warden?.mode ?? 0) & 0o111).toBe(0o111);
    }
  });

  it('has no install hook, and one dependency', () => {
    const manifest = execFileSync('tar', ['-xOzf', packed.path, 'package/package.json'], {
      encoding: 'utf8',
    });
    const { scripts, gypfile, dependencies } = JSON.parse(manifest) as {
      scripts: Record<string, string>;
      gypfile: boolean;
      dependencies: Record<string, string>;
    };
    expect(gypfile).toBe(false);
    expect(Object.keys(scripts).filter((name) => /install|^prepare$/.test(name))).toEqual([]);
    expect(Object.keys(dependencies)).toEqual(['node-gyp-build']);
  });

  it('names no path of the machine that built it', () => {
    execFileSync('tar', ['-xzf', packed.path, '-C', folder]);
    for (const { path } of packed.files.filter((file) => /^(prebuilds|dist)\//.test(file.path))) {
      const bytes = readFileSync(join(folder, 'package', path), 'latin1');
      const names = [packageRoot, 'gpuprobe-prebuild-'].some((text) => bytes.includes(text));
      expect({ path, names }).toEqual({ path, names: false });
    }
  });

  const tool = (name: string, ...args: string[]) =>
    execFileSync(join(packageRoot, 'node_modules/.bin', name), args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it('is clean under publint', () => {
    expect(tool('publint', packed.path)).toMatch(/All good/);
  });

  it('has types that resolve as its code does, for ESM and for require() of ESM', () => {
    // It throws where there is a problem.
    expect(tool('attw', packed.path, '--profile', 'esm-only')).toMatch(/node16 \(from ESM\)[^\n]*🟢 \(ESM\)/);
  });
});
