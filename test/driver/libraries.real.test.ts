import { chmodSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InstallationReport } from '../../lib/probe/installation.js';
import type { Report } from '../../lib/probe/report.js';
import { gpuprobe } from '../support/cli.js';
import { copyPackage } from '../support/copy.js';
import { fetchRealDriver, type RealDriver } from './real-driver.js';

/** nobody: as root the real libraries would create /dev/nvidiactl. */
const UNPRIVILEGED = 65_534;
/** The branch of the libraries that Debian has. */
const DRIVER = 535;
const hasGpu = readdirSync('/dev').some((name) => name.startsWith('nvidia'));
const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-driver-'));
const fetched = process.arch === 'x64' && !hasGpu ? fetchRealDriver(folder) : { missing: 'not this machine' };

if ('missing' in fetched) {
  const what = `the real driver's libraries were not tried: ${fetched.missing}`;
  if (process.env.CI === 'true') throw new Error(what);
  process.stderr.write(`SKIPPED: ${what}\n`);
}

describe.skipIf('missing' in fetched)('the real user-space driver 535 without a device', () => {
  const { libraries } = fetched as RealDriver;
  let root: string;
  beforeAll(() => {
    root = copyPackage();
    for (const directory of [root, folder]) chmodSync(directory, 0o755);
  });
  afterAll(() => {
    for (const directory of [root, folder]) rmSync(directory, { recursive: true });
  });

  const run = (...args: string[]) =>
    gpuprobe(args, {
      root,
      env: { LD_LIBRARY_PATH: libraries },
      ...(process.getuid?.() === 0 ? { uid: UNPRIVILEGED } : {}),
    });

  it('--force --json: nvml.init failed 9 and cuda.init failed 100, and no driver is the verdict', async () => {
    const result = await run('--force', '--json');
    const report = JSON.parse(result.stdout) as Report;
    const rows = (id: string) => report.checks.filter((check) => check.id === id);
    expect(result.status).toBe(3);
    expect(report).toMatchObject({ verdict: 'unknown', simulated: false, devices: [] });
    expect(rows('nvml.load').map((row) => row.outcome)).toEqual(['ok', 'ok']);
    expect(rows('nvml.init').map((row) => [row.via, row.code, row.name])).toEqual([
      ['telemetry', 9, 'NVML_ERROR_DRIVER_NOT_LOADED'],
      ['fresh', 9, 'NVML_ERROR_DRIVER_NOT_LOADED'],
    ]);
    expect(rows('cuda.init').map((row) => [row.via, row.code, row.name])).toEqual([
      ['fresh', 100, 'CUDA_ERROR_NO_DEVICE'],
    ]);
    expect(report.findings.map((finding) => finding.id)).toEqual(['driver-absent']);
  });

  it('doctor --force: every function of the lists that is said to be in a driver as old as this one', async () => {
    const { status, stdout } = await run('doctor', '--force', '--json');
    expect(status).toBe(0);
    const { libraries: found, simulated } = JSON.parse(stdout) as InstallationReport;
    expect(simulated).toBe(false);
    // The file behind the link, which has the driver's version in its name.
    expect(found?.map(({ path }) => path)).toEqual(
      ['libnvidia-ml.so.1', 'libcuda.so.1'].map((name) => realpathSync(join(libraries, name))),
    );
    for (const { path, version } of found ?? []) expect(path).toMatch(new RegExp(`\\.so\\.${version}$`));
    expect(found?.[0]?.version).toMatch(/^535\.\d+/);
    const functions = found?.flatMap((library) => library.functions) ?? [];
    const wrong = functions.filter(({ present, since }) => present !== since <= DRIVER);
    expect(wrong).toEqual([]);
  });

  it('--force in words: both codes, and what they mean together', async () => {
    const result = await run('--force');
    expect(result.status).toBe(3);
    expect(result.stdout).toMatch(/No NVIDIA driver/);
    expect(result.stdout).toMatch(/9\s+NVML_ERROR_DRIVER_NOT_LOADED/);
    expect(result.stdout).toMatch(/100\s+CUDA_ERROR_NO_DEVICE/);
  });

  it('isolation thread gives the same codes', async () => {
    const report = JSON.parse((await run('--force', '--json', '--isolation', 'thread')).stdout) as Report;
    const codes = report.checks.filter((check) => check.code !== null).map((check) => [check.id, check.code]);
    expect(codes).toEqual([
      ['nodes', 2],
      ['nvml.init', 9],
      ['cuda.init', 100],
    ]);
  });

  it('without --force loads nothing, and creates no device node', async () => {
    const report = JSON.parse((await run('--json')).stdout) as Report;
    expect(report.checks.filter((check) => check.outcome === 'ok')).toEqual([]);
    expect(readdirSync('/dev').filter((name) => name.startsWith('nvidia'))).toEqual([]);
  });
});
