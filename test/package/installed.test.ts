import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import * as library from '../../lib/index.js';
import { cliPath, gpuprobe, packageRoot } from '../support/cli.js';
import { type Application, installIn } from './install.js';

describe('the package, installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-installed-'));
  let app: Application;
  beforeAll(() => {
    app = installIn(join(folder, 'app'), inject('packed'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const USE =
    "probe({ simulate: 'healthy' }).then((r) => process.stdout.write(r.verdict + r.devices.length))";

  it('works through import', () => {
    expect(app.node('--input-type=module', '-e', `import { probe } from 'gpuprobe'; ${USE}`)).toBe('ok2');
  });

  it('works through require()', () => {
    expect(app.node('--no-warnings', '-e', `const { probe } = require('gpuprobe'); ${USE}`)).toBe('ok2');
  });

  it('exports what lib/index.ts exports, and nothing of its parts', () => {
    const names = app.node('--no-warnings', '-p', "Object.keys(require('gpuprobe')).sort().join()").trim();
    expect(names).toBe(Object.keys(library).sort().join());
  });

  it('works through a symlink', async () => {
    const link = join(folder, 'linked');
    symlinkSync(app.installed, link);
    expect((await gpuprobe(['--sim', 'healthy', '--json'], { root: link })).status).toBe(0);
  });

  it('works in a service that is itself one bundled file, wherever that lies', async () => {
    const source = join(app.folder, 'service.mjs');
    writeFileSync(
      source,
      `import { createGpuProbe, probe } from 'gpuprobe';
      const report = await ${USE.replace(/\.then.*/, '')};
      process.stdout.write(report.verdict + report.devices.length + typeof createGpuProbe);`,
    );
    const file = join(app.folder, 'deep/down/service.mjs');
    await build({ input: source, external: ['gpuprobe'], logLevel: 'silent', output: { file } });
    expect(app.node(file)).toBe('ok2function');
  });

  it('works as a command', async () => {
    const result = await gpuprobe(['--sim', 'gpu-lost', '--json'], { root: app.installed });
    expect(result.status).toBe(1);
  });

  it('offers its schema by name, and its version', () => {
    const schema = app.node(
      '-p',
      "require('gpuprobe/report.schema.json').definitions.Report.required.join()",
    );
    expect(schema).toContain('verdict');
    const version = app.node(cliPath(app.installed), '--version').trim();
    expect(version).toBe(app.node('-p', "require('gpuprobe/package.json').version").trim());
  });

  it('has types that a strict compiler takes, and that refuse what is wrong', () => {
    writeFileSync(
      join(app.folder, 'use.ts'),
      `import { probe, GpuProbeError, type Report } from 'gpuprobe';
       const report: Report = await probe({ deadlineMs: 1000, isolation: 'process', simulate: 'healthy' });
       const used: number | null | undefined = report.devices[0]?.memory.usedBytes;
       // @ts-expect-error: a null is no number
       const wrong: number = report.devices[0]!.memory.usedBytes;
       // @ts-expect-error: no such isolation
       await probe({ isolation: 'none' });
       export { GpuProbeError, used, wrong };`,
    );
    const compilerOptions = {
      ...{ strict: true, noEmit: true, module: 'nodenext', target: 'es2022' },
      ...{ types: ['node'], typeRoots: [join(packageRoot, 'node_modules/@types')] },
    };
    writeFileSync(join(app.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }));
    const tsc = join(packageRoot, 'node_modules/.bin/tsc');
    writeFileSync(join(app.folder, 'package.json'), '{ "name": "app", "private": true, "type": "module" }');
    const { stdout } = spawnSync(tsc, { cwd: app.folder, encoding: 'utf8' });
    expect(stdout).toBe('');
  });

  it.each([
    ['darwin', "Object.defineProperty(process, 'platform', { value: 'darwin' })"],
    ['win32', "Object.defineProperty(process, 'platform', { value: 'win32' })"],
    // Alpine: node-gyp-build goes by LIBC there, and Node's own report has no glibc in it.
    ['linux-musl', "process.env.LIBC = 'musl'; process.report.getReport = () => ({ header: {} })"],
  ])('answers on %s: unsupported, unknown, exit code 3, and no exception', async (_, pretend) => {
    const env = {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(pretend)}`,
      PREBUILDS_ONLY: '1',
    };
    const result = await gpuprobe(['--json'], { root: app.installed, env });
    const report = JSON.parse(result.stdout) as { verdict: string; findings: { id: string }[] };
    expect(result.status).toBe(3);
    expect(report.verdict).toBe('unknown');
    expect(report.findings.map(({ id }) => id)).toEqual(['platform-unsupported']);
  });
});
