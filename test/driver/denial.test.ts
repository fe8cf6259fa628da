import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../lib/probe/report.js';
import { packageRoot } from '../support/cli.js';
import { fetchRealDriver, type RealDriver } from './real-driver.js';

/**
 * The container failure for real: NVIDIA's own libraries, a device cgroup of the kernel's that denies, and nodes that
 * are forbidden, missing or wrong, in a /dev of their own.
 */
const NOBODY = 65_534;
const CGROUPS = '/sys/fs/cgroup/devices';
const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-denial-'));

function reasonToSkip(): string | null {
  if (process.arch !== 'x64') return 'the libraries are for x86-64';
  if (process.getuid?.() !== 0) return 'it takes root';
  if (existsSync('/sys/module/nvidia')) return 'this machine has an NVIDIA driver';
  return spawnSync('unshare', ['--mount', 'true']).status === 0
    ? null
    : 'no mount namespace of its own to be had';
}

const skipped = reasonToSkip();
const fetched = skipped === null ? fetchRealDriver(folder) : { missing: skipped };
const hasDeviceCgroup = existsSync(join(CGROUPS, 'devices.deny'));
// What a machine does not allow is said and left out; libraries that could not be had are a failure in CI.
if ('missing' in fetched) {
  const what = `real denial was not tried: ${fetched.missing}`;
  if (process.env.CI === 'true' && skipped === null) throw new Error(what);
  process.stderr.write(`SKIPPED: ${what}\n`);
} else if (!hasDeviceCgroup) {
  process.stderr.write(
    'SKIPPED: a real device cgroup was not tried: no devices controller of cgroup v1 here\n',
  );
}
afterAll(() => rmSync(folder, { recursive: true }));

interface Surroundings {
  uid: number;
  /** Shell commands that spoil the nodes. */
  preparation?: string;
  /** Majors that the device cgroup denies. */
  denied?: readonly number[];
}

/** Those that ran in it may take a moment longer than their parent to be gone. */
function removeCgroup(path: string): void {
  for (let tries = 0; tries < 500; tries++) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  throw new Error(`processes of gpuprobe are left in ${path}`);
}

/** What `gpuprobe --json` says there. */
function look({ uid, preparation = '', denied = [] }: Surroundings): Report {
  const cgroup = denied.length > 0 ? join(CGROUPS, `gpuprobe-test-${process.pid}`) : '';
  if (cgroup !== '') {
    mkdirSync(cgroup);
    for (const major of denied) writeFileSync(join(cgroup, 'devices.deny'), `c ${major}:* rwm`);
  }
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const main = join(packageRoot, 'dist/surfaces/cli/main.js');
  const result = spawnSync(
    'unshare',
    [
      '--mount',
      'sh',
      join(import.meta.dirname, 'denial.sh'),
      cgroup,
      preparation,
      'setpriv',
      ...ids,
      process.execPath,
      main,
      '--json',
    ],
    { encoding: 'utf8', env: { ...process.env, LD_LIBRARY_PATH: (fetched as RealDriver).libraries } },
  );
  if (cgroup !== '') removeCgroup(cgroup);
  if (result.stdout === '') throw new Error(result.stderr);
  return JSON.parse(result.stdout) as Report;
}

const found = (report: Report) => report.findings.map(({ severity, id }) => `${severity} ${id}`);
const codes = (report: Report, id: string) =>
  report.checks.filter((check) => check.id === id).map(({ via, code }) => `${via} ${code}`);

describe.skipIf('missing' in fetched).each([
  ['root', 0],
  ['nobody', NOBODY],
])('the real libraries, as %s', (_, uid) => {
  it.skipIf(!hasDeviceCgroup)(
    'behind a device cgroup that denies: revoked, EPERM quoted, and the codes of the incident',
    () => {
      const report = look({ uid, denied: [195, 510] });
      expect(found(report)).toEqual(['critical device-access-revoked']);
      expect(report.findings[0]?.observed).toContain('/dev/nvidiactl: EPERM (1) on access(R_OK|W_OK)');
      expect(codes(report, 'nvml.init')).toEqual(['telemetry 999', 'fresh 999']);
      expect(codes(report, 'cuda.init')).toEqual(['fresh 100']);
      expect(report).toMatchObject({ verdict: 'failed', simulated: false });
    },
  );

  it.skipIf(!hasDeviceCgroup)('behind one that denies another device: not revoked', () => {
    expect(found(look({ uid, denied: [1000] })).join()).not.toContain('device-access-revoked');
  });

  it('with a node that is another device, or none: wrong', () => {
    for (const [make, nodes] of [
      ['rm /dev/nvidia0; mknod -m 666 /dev/nvidia0 c 1 3', ['/dev/nvidia0']],
      ['rm /dev/nvidia0; touch /dev/nvidia0; chmod 666 /dev/nvidia0', ['/dev/nvidia0']],
    ] as const) {
      const report = look({ uid, preparation: make });
      expect(found(report)[0]).toBe('critical device-node-wrong');
      const wrong = report.host.deviceNodes.filter(({ name }) => name === 'ENODEV').map(({ path }) => path);
      expect(wrong).toEqual(nodes);
    }
  });

  it('with no GPU node: unusable, and nothing about access', () => {
    const report = look({ uid, preparation: 'rm /dev/nvidia*; rm -r /dev/nvidiactl 2>/dev/null || true' });
    expect(found(report).join()).toMatch(/critical device-nodes-unusable/);
    expect(found(report).join()).not.toMatch(/revoked|permission|wrong/);
  });

  it('without the module and without a node: no driver, which is no fault', () => {
    const report = look({ uid, preparation: 'rm /dev/nvidia*; rm -r /sys/module/nvidia' });
    expect(found(report)).toEqual(['info driver-absent']);
    expect(report.verdict).toBe('unknown');
  });
});

describe.skipIf('missing' in fetched)('nodes of mode 000', () => {
  const preparation = 'chmod 000 /dev/nvidia*';

  it('are a matter of permission to an unprivileged user, and NVML says 4', () => {
    const report = look({ uid: NOBODY, preparation });
    expect(found(report)).toEqual(['critical device-permission']);
    expect(report.findings[0]?.observed).toContain('/dev/nvidiactl: EACCES (13) on access(R_OK|W_OK)');
    expect(codes(report, 'nvml.init')).toEqual(['telemetry 4', 'fresh 4']);
  });

  it('are nothing to root', () => {
    expect(found(look({ uid: 0, preparation })).join()).not.toMatch(/permission|revoked|wrong/);
  });
});
