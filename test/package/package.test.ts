import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpuprobe, packageRoot } from '../support/cli.js';

const platform = `linux-${process.arch}`;
const BINARIES = ['gpuprobe-warden', 'gpuprobe.glibc.node', 'sim/libcuda.so.1', 'sim/libnvidia-ml.so.1'];

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The tarball with this machine's prebuild, through binding.gyp, installed where there is nothing else. */
describe('the packed tarball', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-package-'));
  const installed = join(folder, 'app/node_modules/gpuprobe');
  let files: string[] = [];

  beforeAll(() => {
    execFileSync(process.execPath, ['native/prebuilds.mjs', process.arch], {
      cwd: packageRoot,
      stdio: 'pipe',
    });
    const packed = JSON.parse(npm(packageRoot, 'pack', '--json', '--pack-destination', folder)) as {
      filename: string;
      files: { path: string }[];
    }[];
    files = packed[0]?.files.map((file) => file.path) ?? [];
    mkdirSync(join(folder, 'app'));
    writeFileSync(join(folder, 'app/package.json'), '{ "name": "app", "private": true }');
    const tarball = join(folder, packed[0]?.filename ?? '');
    npm(join(folder, 'app'), 'install', '--ignore-scripts', '--no-audit', '--prefer-offline', tarball);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const node = (...args: string[]) =>
    execFileSync(process.execPath, args, { cwd: join(folder, 'app'), encoding: 'utf8' });

  it('holds addon, warden and simulator, the simulator apart and the warden executable', () => {
    const shipped = files.filter((file) => file.startsWith(`prebuilds/${platform}/`)).sort();
    expect(shipped).toEqual(BINARIES.map((file) => `prebuilds/${platform}/${file}`));
    expect(statSync(join(installed, `prebuilds/${platform}/gpuprobe-warden`)).mode & 0o111).toBe(0o111);
    expect(existsSync(join(installed, 'build'))).toBe(false);
  });

  it('holds the schema, the types, the scenarios, and nothing of the tests', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/index.js',
        'dist/index.d.ts',
        'dist/probe/report.schema.json',
        'native/sim/scenarios/healthy.json',
        'README.md',
        'LICENSE',
      ]),
    );
    expect(files.filter((file) => /^(test|bench|lib|\.)/.test(file))).toEqual([]);
  });

  it('has no install hook', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
      gypfile: boolean;
      dependencies: Record<string, string>;
    };
    expect(manifest.gypfile).toBe(false);
    expect(Object.keys(manifest.scripts).filter((name) => /install|^prepare$/.test(name))).toEqual([]);
    expect(Object.keys(manifest.dependencies)).toEqual(['node-gyp-build']);
  });

  const USE =
    "probe({ simulate: 'healthy' }).then((r) => process.stdout.write(r.verdict + r.devices.length))";

  it('works through import', () => {
    expect(node('--input-type=module', '-e', `import { probe } from 'gpuprobe'; ${USE}`)).toBe('ok2');
  });

  it('works through require()', () => {
    expect(node('--no-warnings', '-e', `const { probe } = require('gpuprobe'); ${USE}`)).toBe('ok2');
  });

  it('works as a command', async () => {
    const result = await gpuprobe(['--sim', 'gpu-lost', '--json'], { root: installed });
    expect(result.status).toBe(1);
  });

  it('offers its schema and types by name', () => {
    const schema = node('-p', "require('gpuprobe/report.schema.json').definitions.Report.required.join()");
    expect(schema).toContain('verdict');
    const lines = node('node_modules/gpuprobe/dist/surfaces/cli/main.js', '--version');
    expect(lines.trim()).toBe(
      (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version,
    );
  });

  it('is clean under publint', () => {
    const publint = join(packageRoot, 'node_modules/.bin/publint');
    expect(execFileSync(publint, [installed], { encoding: 'utf8' })).toMatch(/All good/);
  });
});
