import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../lib/probe/report.js';
import { cliPath } from '../support/cli.js';
import {
  buildFilter,
  createCgroup,
  type DeviceCgroup,
  type Kind,
  kindsHere,
  removeCgroup,
} from './cgroups.js';
import { fetchRealDriver, type RealDriver } from './real-driver.js';

/**
 * The container failure for real: NVIDIA's own libraries, a device cgroup of the kernel's that denies, and nodes that
 * are forbidden, missing or wrong, in a /dev of their own.
 */
const NOBODY = 65_534;
const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-denial-'));

function reasonToSkip(): string | null {
  if (process.arch !== 'x64') return 'the libraries are for x86-64';
  if (process.getuid?.() !== 0) return 'it takes root';
  if (existsSync('/sys/module/nvidia')) return 'this machine has an NVIDIA driver';
  return spawnSync('unshare', ['--mount', 'true']).status === 0
    ? null
    : 'this process cannot have its own mount namespace';
}

const skipped = reasonToSkip();
const fetched = skipped === null ? fetchRealDriver(folder) : { missing: skipped };
const filter = skipped === null ? buildFilter(folder) : undefined;
const kinds: readonly Kind[] = skipped === null ? kindsHere(filter) : [];
// What a machine does not allow is said and left out; libraries that could not be had are a failure in CI.
if ('missing' in fetched) {
  const what = `real denial was not tried: ${fetched.missing}`;
  if (process.env.CI === 'true' && skipped === null) throw new Error(what);
  process.stderr.write(`SKIPPED: ${what}\n`);
}
for (const kind of ['v1-deny', 'v1-allow', 'v2-filter'] as const) {
  if (!kinds.includes(kind)) process.stderr.write(`SKIPPED: a real device cgroup was not tried: ${kind}\n`);
}
afterAll(() => rmSync(folder, { recursive: true }));

interface Surroundings {
  uid: number;
  /** Shell commands that spoil the nodes. */
  preparation?: string;
  cgroup?: DeviceCgroup;
  libraries?: string;
  env?: NodeJS.ProcessEnv;
  /** What the command is run by, after the user has changed. */
  through?: readonly string[];
  command?: readonly string[];
}

const GPUPROBE = [process.execPath, cliPath(), '--json'];

/** What `gpuprobe --json` says there. */
function look({
  uid,
  preparation = '',
  cgroup,
  libraries,
  env,
  through = [],
  command = GPUPROBE,
}: Surroundings): Report {
  const path = cgroup === undefined ? '' : createCgroup(cgroup, filter);
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const script = [join(import.meta.dirname, 'denial.sh'), path, preparation];
  const result = spawnSync(
    'unshare',
    ['--mount', 'sh', ...script, 'setpriv', ...ids, ...through, ...command],
    {
      encoding: 'utf8',
      env: { ...process.env, ...env, LD_LIBRARY_PATH: libraries ?? (fetched as RealDriver).libraries },
    },
  );
  if (path !== '') removeCgroup(path);
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
  it.each(kinds.map((kind) => [kind]))(
    'behind a device cgroup that denies (%s): revoked, EPERM quoted, and the codes of the incident',
    (kind) => {
      const report = look({ uid, cgroup: { kind, majors: [195, 510] } });
      expect(found(report)).toEqual(['critical device-access-revoked']);
      const [finding] = report.findings;
      expect(finding?.observed).toContain('/dev/nvidiactl: EPERM (1) on access(R_OK|W_OK)');
      expect(codes(report, 'nvml.init')).toEqual(['telemetry 999', 'fresh 999']);
      expect(codes(report, 'cuda.init')).toEqual(['fresh 100']);
      expect(report).toMatchObject({ verdict: 'failed', simulated: false });
      // Only a cgroup of version 1 says what it allows: then it is no inference any more.
      expect(finding?.inferred[0]?.confidence).toBe(kind === 'v1-allow' ? 'proven' : 'likely');
      expect(finding?.observed.some((line) => line.startsWith('devices.list'))).toBe(kind === 'v1-allow');
    },
  );

  it.each(kinds.map((kind) => [kind]))('behind one that denies another device (%s): not revoked', (kind) => {
    expect(found(look({ uid, cgroup: { kind, majors: [1000] } })).join()).not.toContain(
      'device-access-revoked',
    );
  });

  it.each(kinds.map((kind) => [kind]))(
    'behind one that denies /dev/nvidia-uvm alone (%s): that one',
    (kind) => {
      const report = look({ uid, cgroup: { kind, majors: [510] } });
      const [finding] = report.findings;
      expect(finding?.id).toBe('device-access-revoked');
      expect(finding?.summary).toContain('refuses to open /dev/nvidia-uvm (EPERM)');
    },
  );

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

  it('with /dev/nvidia-uvm of an earlier major number: stale, by both numbers', () => {
    const list = 'Character devices:\\n  1 mem\\n195 nvidia-frontend\\n509 nvidia-uvm\\n\\nBlock devices:\\n';
    const preparation = `printf '${list}' >/sys/module/devices; mount --bind /sys/module/devices /proc/devices`;
    const report = look({ uid, preparation });
    expect(found(report)).toEqual(['critical device-node-wrong']);
    const [finding] = report.findings;
    expect(finding?.observed[0]).toBe(
      "/dev/nvidia-uvm: is character device 510:0, and the kernel's nvidia-uvm is 509:0 (/proc/devices)",
    );
    expect(finding?.inferred).toMatchObject([
      { confidence: 'proven', cause: expect.stringContaining('for another major number') },
    ]);
    expect(report.host.deviceNodes.filter(({ device, expected }) => device ?? expected)).toEqual([
      {
        path: '/dev/nvidia-uvm',
        code: 19,
        name: 'ENODEV',
        device: { major: 510, minor: 0 },
        expected: { major: 509, minor: 0 },
      },
    ]);
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
    const [finding] = report.findings;
    expect(finding?.observed).toContain('/dev/nvidiactl: EACCES (13) on access(R_OK|W_OK)');
    expect(finding?.observed).toContain('/dev/nvidiactl: mode 0000, owner 0, group 0');
    expect(finding?.observed).toContain(`this process: uid ${NOBODY}, gid ${NOBODY}`);
    expect(finding?.inferred).toMatchObject([{ cause: expect.stringContaining('owner, group or mode') }]);
    expect(codes(report, 'nvml.init')).toEqual(['telemetry 4', 'fresh 4']);
  });

  it('are nothing to root', () => {
    expect(found(look({ uid: 0, preparation })).join()).not.toMatch(/permission|revoked|wrong/);
  });
});

const rootless = ['unshare', '--user', '--map-root-user'];
const hasUserNamespaces =
  skipped === null &&
  spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...rootless, 'true']).status ===
    0;
if (!hasUserNamespaces) process.stderr.write('SKIPPED: no user namespace for an unprivileged user here\n');

describe.skipIf('missing' in fetched || !hasUserNamespaces)(
  'root of a user namespace, as in a rootless container',
  () => {
    it('has no permission on nodes of an owner that it does not map, and is told why', () => {
      const report = look({ uid: NOBODY, preparation: 'chmod 660 /dev/nvidia*', through: rootless });
      expect(found(report)).toEqual(['critical device-permission']);
      const [finding] = report.findings;
      expect(finding?.observed).toContain('/dev/nvidiactl: mode 0660, owner 65534, group 65534');
      expect(finding?.observed.join('\n')).toMatch(/this process: uid 0, .*user namespace of its own/);
      expect(finding?.inferred).toMatchObject([{ cause: expect.stringContaining('user namespace') }]);
      expect(finding?.remedy[0]).toMatch(/^Rootless/);
    });
  },
);

describe.skipIf('missing' in fetched)('libraries that were not mounted', () => {
  /** A folder with NVML alone, as a container has it that was given `utility` and not `compute`. */
  function nvmlAlone(): string {
    const path = join(folder, 'nvml-alone');
    mkdirSync(path, { recursive: true });
    copyFileSync(
      join((fetched as RealDriver).libraries, 'libnvidia-ml.so.1'),
      join(path, 'libnvidia-ml.so.1'),
    );
    return path;
  }

  it('are named with the driver capability that they come with', () => {
    const env = { NVIDIA_DRIVER_CAPABILITIES: 'utility', container: 'podman' };
    const report = look({ uid: 0, libraries: nvmlAlone(), env });
    const finding = report.findings.find(({ id }) => id === 'library-absent');
    expect(finding).toMatchObject({ severity: 'critical', summary: 'libcuda.so.1 cannot be loaded here.' });
    expect(finding?.observed).toContain('NVIDIA_DRIVER_CAPABILITIES is set to "utility"');
    expect(finding?.inferred).toMatchObject([
      { confidence: 'likely', cause: expect.stringContaining('the driver capability compute') },
    ]);
    expect(finding?.remedy[0]).toContain('NVIDIA_DRIVER_CAPABILITIES=utility,compute');
  });
});

describe.skipIf('missing' in fetched)('a service that is out of descriptors, for real', () => {
  it('is told so, and not that the driver is at fault', () => {
    const service = join(import.meta.dirname, 'services/exhausted.mjs');
    const command = ['prlimit', '--nofile=128:128', process.execPath, service];
    const report = look({ uid: 0, command });
    expect(found(report)).toContain('critical fd-exhausted');
    expect(found(report).join()).not.toMatch(/nvml-init-failed|library-absent/);
    const finding = report.findings.find(({ id }) => id === 'fd-exhausted');
    // Some may be above the limit: what is open before it is lowered stays open.
    expect(finding?.observed[0]).toMatch(/^this process: (\d+) of \1 file descriptors open$/);
    expect(codes(report, 'nvml.init')).toEqual(['thread 17']);
  });
});
