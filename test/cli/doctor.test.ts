import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InstallationReport } from '../../lib/probe/installation.js';
import type { Report } from '../../lib/probe/report.js';
import { redact } from '../../lib/surfaces/cli/redact.js';
import { gpuprobe, packageRoot } from '../support/cli.js';
import { copyPackage } from '../support/copy.js';

const doctor = (...args: string[]) => gpuprobe(['doctor', ...args]);

/** `nvmlInit_v2 319` for each row of a list that the C++ is compiled from. */
function listed(file: string): string[] {
  const text = readFileSync(join(packageRoot, 'native/driver', file), 'utf8');
  return [...text.matchAll(/^\w+_SYMBOL\((?:required|optional), *(\d+), *(\w+),/gm)].map(
    ([, since, name]) => `${name} ${since}`,
  );
}

describe('gpuprobe doctor', () => {
  it('knows every function of the lists, and finds all of them in the simulator', async () => {
    const { status, stdout } = await doctor('--sim', 'healthy', '--json');
    const { libraries, problem, simulated } = JSON.parse(stdout) as InstallationReport;
    expect({ status, problem, simulated }).toEqual({ status: 0, problem: null, simulated: true });
    expect(libraries?.map(({ soname }) => soname)).toEqual(['libnvidia-ml.so.1', 'libcuda.so.1']);
    const names = libraries?.map(({ functions }) => functions.map(({ name, since }) => `${name} ${since}`));
    expect(names).toEqual([listed('nvml_symbols.def'), listed('cuda_symbols.def')]);
    expect(libraries?.flatMap(({ functions }) => functions).every(({ present }) => present)).toBe(true);
  });

  it('names what an older driver lacks, and since when there is such a thing', async () => {
    const { stdout } = await doctor('--sim', 'old-driver');
    expect(stdout).toMatch(/^\[SIMULATED\] gpuprobe /);
    expect(stdout).toMatch(/missing +nvmlDeviceGetMemoryInfo_v2, from driver 510\n/);
    expect(stdout).not.toContain('required');
  });

  it('takes a scenario that there is not for a wrong command line', async () => {
    const { status, stdout, stderr } = await doctor('--sim', 'nope');
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toMatch(/no scenario "nope"/);
  });

  it('loads nothing where the kernel has no driver, and says so', async () => {
    const { status, stdout } = await doctor('--sim', 'no-driver');
    expect(status).toBe(0);
    expect(stdout).toMatch(/Libraries not loaded: there is no NVIDIA driver here/);
  });

  it.each([[['--require', '1']], [['--format', 'npd']], [['--bundle', '--format', 'human']]])(
    'takes no %j',
    async (args) => {
      const { status, stderr } = await doctor(...args);
      expect(status).toBe(64);
      expect(stderr).toMatch(/goes with check/);
    },
  );
});

describe('gpuprobe doctor, where something is wrong', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-doctor-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('with gpuprobe itself: exit code 3, which and why', async () => {
    const root = copyPackage();
    chmodSync(join(root, 'build/Release/gpuprobe-warden'), 0o644);
    const { status, stdout } = await gpuprobe(['doctor', '--sim', 'healthy'], { root });
    rmSync(root, { recursive: true });
    expect(status).toBe(3);
    expect(stdout).toMatch(/cannot work here: ERR_GPUPROBE_WARDEN_START: .*EACCES/s);
    expect(stdout).toMatch(/gpuprobe-warden\s+\(not\s+executable\)/);
  });

  function library(name: string, source: string): void {
    writeFileSync(join(folder, 'library.c'), source);
    const flags = ['-shared', '-fPIC', '-o', join(folder, name), join(folder, 'library.c')];
    execFileSync('cc', flags, { stdio: 'pipe' });
  }
  const among = (...args: string[]) =>
    gpuprobe(['doctor', '--force', ...args], { env: { LD_LIBRARY_PATH: folder } });

  it('with a library that is none of the driver: the first function that it lacks', async () => {
    library('libnvidia-ml.so.1', 'int nvmlShutdown(void) { return 0; }');
    const { stdout } = await among();
    expect(stdout).toContain(join(folder, 'libnvidia-ml.so.1'));
    expect(stdout).toMatch(/functions +1 of the \d+ that gpuprobe calls/);
    expect(stdout).toMatch(/missing +nvmlInit_v2, from driver 319, required/);
    expect(stdout).toMatch(/error +nvmlInit_v2/);
  });

  it('with a library that never finishes loading: which, and no hang', async () => {
    library(
      'libcuda.so.1',
      '#include <unistd.h>\n__attribute__((constructor)) static void start(void) { for (;;) pause(); }',
    );
    const { status, stdout } = await among('--deadline', '300');
    expect(status).toBe(0);
    expect(stdout).toMatch(/Libraries not loaded: cuda\.load: timeout/);
    expect(stdout).toContain('libnvidia-ml.so.1');
  });
});

describe('the bundle of a bug report', () => {
  it('has the examination and the report, and names no machine, user or GPU', async () => {
    const { status, stdout, stderr } = await doctor('--bundle', '--sim', 'access-revoked');
    expect(status).toBe(0);
    const { examination, report, redacted } = JSON.parse(stdout) as {
      examination: InstallationReport;
      report: Report;
      redacted: string[];
    };
    expect(report.verdict).toBe('failed');
    expect(examination.libraries).toHaveLength(2);
    for (const what of redacted) expect(stderr).toContain(what);
    expect(stdout).not.toMatch(/GPU-5a1c1d60/i);
    expect(report.host.hostname).toBe('redacted');
    if (hostname().length > 3) expect(stdout).not.toContain(hostname());
    const gpu = report.devices[0]?.uuid;
    expect(gpu).toMatch(/^GPU-redacted-/);
    expect(report.checks.filter(({ device }) => device === gpu)).not.toEqual([]);
    expect(report.devices[0]?.processes?.map(({ name }) => name)).toEqual(['streamer', 'compositor']);
  });

  it('takes out what it says, wherever it stands', () => {
    const uuid = 'GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01';
    const given = {
      hostname: 'gpu-box-7',
      text: `on gpu-box-7: ${uuid} of /home/jane/x and /srv/jane/y; gpu-box-70 is another`,
      processes: [{ name: '/opt/acme/train --user jane', pid: 3 }],
      unavailable: { [uuid]: { code: 3, name: 'NVML_ERROR_NOT_SUPPORTED' } },
      list: [null, 1, true],
    };
    const out = JSON.stringify(redact(given, 'gpu-box-7', '/srv/jane'));
    expect(out).not.toMatch(/gpu-box-7(?!0)|jane|5a1c1d60|acme/);
    expect(JSON.parse(out)).toMatchObject({
      hostname: 'redacted',
      text: expect.stringMatching(/^on redacted: GPU-redacted-\w+ of ~\/x and ~\/y; gpu-box-70 is another$/),
      processes: [{ name: 'train', pid: 3 }],
      list: [null, 1, true],
    });
  });

  it('leaves words alone that a short hostname is part of', () => {
    expect(redact({ hostname: 'gpu', text: 'the gpu of gpuprobe' }, 'gpu', '')).toEqual({
      hostname: 'redacted',
      text: 'the gpu of gpuprobe',
    });
  });
});
